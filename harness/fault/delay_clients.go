package fault

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var delayClients = &kind{
	name: "DelayClients", takes: onMemberSlowly,
	about: "everything that the member and its clients send each other arrives later",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, late(on.delay), point.ClientRead, point.ClientWrite),
			Allowance: delayed(w, on.delay, false),
		}, mustRun(on.member)
	},
}

// DelayClients delays everything that a member and its clients send each other by delay, in each direction. Data that are sent while other
// data wait arrive together with them.
func DelayClients(m harness.Referrer, delay time.Duration) Fault { return delayClients.slow(m, delay) }
