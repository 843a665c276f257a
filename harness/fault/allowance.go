package fault

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// allow makes an allowance of a bound and its name.
func allow(name string, recovery time.Duration) record.Allowance {
	return record.Allowance{Name: name, Recovery: recovery}
}

// fallenBehind is the allowance of a fault after which a member still answers but receives no new entries.
func fallenBehind(w *harness.World, m *harness.Member) record.Allowance {
	if m.Leads() {
		return allow("hung leader", w.Bounds().HungLeader())
	}
	return allow("stale member", w.Bounds().StaleMember())
}

// cutOff is the allowance of a fault after which a member receives nothing from its peers.
func cutOff(w *harness.World, m *harness.Member) record.Allowance {
	if m.Leads() {
		return allow("isolated leader", w.Bounds().IsolatedLeader())
	}
	return allow("stale member", w.Bounds().StaleMember())
}

// silent is the allowance of a fault after which a member answers neither its peers nor its clients.
func silent(w *harness.World, m *harness.Member) record.Allowance {
	if m.Leads() {
		return allow("silent leader", w.Bounds().SilentLeader())
	}
	return allow("silent member", w.Bounds().SilentMember())
}

// lost is the allowance of a fault that closes the member's connections, so that peers and clients notice it.
func lost(w *harness.World, m *harness.Member) record.Allowance {
	if m.Leads() {
		return allow("lost leader", w.Bounds().LostLeader())
	}
	return allow("lost member", w.Bounds().LostMember())
}

// slowed is the allowance of a fault that delays what a member sends or does. With a short delay, which a manager cannot distinguish from a
// busy member, the manager may stay on the member, and its view may be staler by the delay. With a longer delay it must notice and leave.
// wholeCluster says that the member leads: its delay then slows the whole cluster, and leaving does not help.
func slowed(w *harness.World, delay time.Duration, wholeCluster bool) record.Allowance {
	b := w.Bounds()
	if wholeCluster || delay < b.Tolerable() {
		return record.Allowance{Name: "slow", Recovery: b.Timing.Load + b.Calm() + b.Slow(delay), Lasting: b.Slow(delay)}
	}
	return allow("stale member", b.StaleMember())
}

// delayed is as slowed, for a fault that delays each piece of what members send clients, see [bound.Bounds.Queued]. wholeCluster says that all members do:
// leaving one does not help then.
func delayed(w *harness.World, delay time.Duration, wholeCluster bool) record.Allowance {
	a := slowed(w, delay, wholeCluster)
	if b := w.Bounds(); a.Lasting > 0 {
		a.Lasting = b.Queued(delay)
		if wholeCluster {
			a.Lasting += b.Reopened(delay)
		}
		a.Recovery = b.Timing.Load + b.Calm() + a.Lasting
	}
	return a
}

// untouched is the allowance of a fault that does not touch what a view shows: the next update arrives as ever.
func untouched(w *harness.World) record.Allowance {
	return allow("calm", w.Timing().Load+w.Bounds().Calm())
}
