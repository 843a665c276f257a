package fault

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
)

// allow names a bound as a fault's allowance.
func allow(name string, recovery time.Duration) record.Allowance {
	return record.Allowance{Name: name, Recovery: recovery}
}

// fallenBehind is the allowance of a fault after which a member answers and has no news.
func fallenBehind(w *harness.World, m *harness.Member) record.Allowance {
	if m.Leads() {
		return allow("hung leader", w.Bounds().HungLeader())
	}
	return allow("stale member", w.Bounds().StaleMember())
}

// cutOff is that of a fault after which a member hears from none of its peers.
func cutOff(w *harness.World, m *harness.Member) record.Allowance {
	if m.Leads() {
		return allow("isolated leader", w.Bounds().IsolatedLeader())
	}
	return allow("stale member", w.Bounds().StaleMember())
}

// silent is that of a fault after which a member answers neither its peers nor its clients.
func silent(w *harness.World, m *harness.Member) record.Allowance {
	if m.Leads() {
		return allow("silent leader", w.Bounds().SilentLeader())
	}
	return allow("silent member", w.Bounds().SilentMember())
}

// lost is that of a fault after which everybody can know that the member is gone.
func lost(w *harness.World, m *harness.Member) record.Allowance {
	if m.Leads() {
		return allow("lost leader", w.Bounds().LostLeader())
	}
	return allow("lost member", w.Bounds().LostMember())
}

// slowed is that of a fault that makes whatever comes through a member arrive later. As long as the delay is one that a manager cannot tell
// from a busy member, it may stay there, and its view is that much later; a longer one is for it to notice and to leave. What slows the
// leader slows the whole cluster, and there is nowhere to go: wholeCluster says so.
func slowed(w *harness.World, delay time.Duration, wholeCluster bool) record.Allowance {
	b := w.Bounds()
	if wholeCluster || delay < tolerable(b.Timing) {
		return record.Allowance{Name: "slow", Recovery: b.Timing.Load + b.Calm() + b.Slow(delay), Lasting: b.Slow(delay)}
	}
	return allow("stale member", b.StaleMember())
}

// tolerable is the delay from which on a probe is sure to notice: the update before last, committed two load intervals ago, is still not
// delivered when the grace is over.
func tolerable(t bound.Timing) time.Duration { return t.ProbeGrace + 2*t.Load }
