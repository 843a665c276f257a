package main

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// hungAndBlackholed is a scenario of our own with two faults that overlap. A manager that leaves the hung leader may next choose the member
// that does not answer.
func hungAndBlackholed() harness.Scenario {
	return harness.Scenario{
		Name:     "hung-leader-and-a-blackhole",
		Summary:  "The leader's disk hangs with the watch on it, and another member's packets to its clients vanish meanwhile.",
		Incident: "none yet: written before it happens",
		Clusters: []harness.Spec{{Name: "alpha", Members: 3}, {Name: "beta", Members: 3}},
		Body: func(w *harness.World) {
			alpha := w.Cluster("alpha")
			leader := alpha.Leader()
			w.StartManager(harness.WatchOn(leader))

			hang := w.Inject(fault.HangDisk(leader))
			hole := w.Inject(fault.Blackhole(alpha.Followers()[0]))
			hole.RequireRecovery(alpha)
			hang.RequireCalm("beta")

			hang.Heal()
			hole.Heal()
			w.RequireFresh(alpha)
		},
	}
}
