package scenarios_test

import (
	"testing"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// A manager that is closed while nobody answers leaves its lease to expire, and a leader that is elected afterwards lets it live for its TTL and an
// election timeout more.
func TestALeaseThatAnElectionProlongsIsNoLeak(t *testing.T) {
	s := harness.Scenario{Name: "closed-before-an-election", Clusters: []harness.Spec{{Name: "alpha", Members: 3}}, Body: func(w *harness.World) {
		alpha := w.Cluster("alpha")
		leader := alpha.Leader()
		w.StartManager(harness.WatchOn(leader))
		w.Pass(10 * time.Second)
		w.Inject(fault.Reset(leader))
		for _, m := range alpha.Followers() {
			w.Inject(fault.Kill(m))
		}
		w.Pass(4 * w.Timing().Election)
		w.CloseManager()
	}}
	harness.Run(t, virtual.New(t, 1), s, scenarios.Reference(), harness.Options{Seed: 1})
}
