package fault

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var delayManager = &kind{
	name: "DelayManager", takes: onManagerSlowly,
	about: "everything that the cluster sends one manager arrives later; what the manager sends does not",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throwAtManager(on, late(on.delay), point.ClientWrite),
			Allowance: delayed(w, on.delay, true),
		}, nil
	},
}

// DelayManager delays everything that the members of a cluster send one manager, by its number from 1 on. So their answers, for example that a lease
// lives on, are old when they arrive. Data that are sent while other data wait arrive together with them.
func DelayManager(c *harness.Cluster, manager int, delay time.Duration) Fault {
	return Fault{delayManager, arguments{cluster: c.Name(), manager: manager, delay: delay}}
}
