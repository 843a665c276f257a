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
		return harness.Plan{Switches: switches, Allowance: slowLinkAllowance(w, on)}, mustRun(on.member)
	},
}

// SlowLink delays everything that a member sends to its peers and clients and receives from them, in each direction, by delay and a jitter,
// which is drawn anew each time from zero to the given one. What is sent stays in order. Data that are sent to clients while other data
// wait arrive together with them.
func SlowLink(m harness.Referrer, delay, jitter time.Duration) Fault {
	return Fault{slowLink, arguments{member: m.Ref(), delay: delay, jitter: jitter}}
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
