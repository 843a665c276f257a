package fault

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

var slowLink = &kind{
	name: "SlowLink", takes: onMemberUnevenly,
	about: "everything that the member and others, peers and clients, send each other arrives later, by a delay that varies",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		slow := point.Decision{Kind: point.Delay, Delay: on.delay, Jitter: on.jitter}
		switches := throw(on.member, slow, point.ClientRead, point.ClientWrite)
		for _, p := range peers(on.member) {
			switches = append(switches, between(on.member, p, slow)...)
			switches = append(switches, between(p, on.member, slow)...)
		}
		return harness.Plan{Switches: switches, Scope: unread(w, on), Allowance: slowLinkAllowance(w, on)}, mustRun(on.member)
	},
}

// SlowLink delays everything that a member sends to its peers and clients and receives from them, in each direction, by delay and a jitter,
// which is drawn anew each time from zero to the given one. What is sent stays in order. Data that are sent to clients while other data
// wait arrive together with them.
func SlowLink(m harness.Referrer, delay, jitter time.Duration) Fault {
	return Fault{slowLink, arguments{member: m.Ref(), delay: delay, jitter: jitter}}
}

// unread is the scope of a leader that may go on leading although no member can answer a linearizable read in time: the leader asks the others first, and
// the member that was asked waits for the leader. A manager that has to read before it can watch again does not recover while that lasts.
func unread(w *harness.World, on subjects) record.Scope {
	s := record.Scope{Cluster: on.member.Cluster().Name()}
	if on.member.Leads() && 4*(on.delay+on.jitter) >= w.Timing().RequestTimeout {
		for _, m := range on.member.Cluster().Members() {
			s.Uninformed = append(s.Uninformed, m.Name())
		}
	}
	return s
}

// slowLinkAllowance is the allowance of slow links. An update is delayed on its way to or from a peer, and again on its way to the client.
// A leader may lose its leadership if its heartbeats become too irregular, or the answers too late.
func slowLinkAllowance(w *harness.World, on subjects) record.Allowance {
	longest := on.delay + on.jitter
	if on.member.Leads() && 2*longest >= w.Timing().Election/2 {
		a := allow("isolated leader", w.Bounds().IsolatedLeader())
		a.Lasting = w.Bounds().Slow(2 * longest)
		return a
	}
	return slowed(w, 2*longest, on.member.Leads())
}
