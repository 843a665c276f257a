package fault

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var delayWatch = &kind{
	name: "DelayWatch", takes: onMemberSlowly,
	about: "events of watches on the member come later, in order; progress answers overtake them",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, late(on.delay), point.WatchEvent),
			Allowance: slowed(w, on.delay, false),
		}, mustRun(on.member)
	},
}

// DelayWatch delays each event of the watches on a member by delay; the events stay in order. Progress responses overtake them.
func DelayWatch(m harness.Referrer, delay time.Duration) Fault { return delayWatch.slow(m, delay) }
