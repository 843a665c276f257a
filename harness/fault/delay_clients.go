package fault

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var delayClients = &kind{
	name: "DelayClients", takes: onMemberSlowly,
	about: "whatever the member and its clients tell each other arrives later",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, late(on.delay), point.ClientRead, point.ClientWrite),
			Allowance: slowed(w, on.delay, false),
		}, mustRun(on.member)
	},
}

// DelayClients makes whatever a member and its clients tell each other arrive delay later, in each direction; what was said while
// something waited arrives with it.
func DelayClients(m harness.Referrer, delay time.Duration) Fault { return delayClients.slow(m, delay) }
