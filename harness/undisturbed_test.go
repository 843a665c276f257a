package harness_test

import (
	"flag"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/scenarios"
)

var undisturbed = flag.Int("undisturbed", 2, "how many undisturbed worlds to run on busy cores")

// With the compressed timing and every core busy, a cluster without faults must keep its leader, and the reference manager must keep its watches where
// they are. It would leave a member that answers too slowly.
func TestAnUndisturbedWorldKeepsItsLeadersOnBusyCores(t *testing.T) {
	if testing.Short() {
		t.Skip("-short runs only what is in virtual time")
	}
	var stop atomic.Bool
	var spinning sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		spinning.Go(func() {
			for !stop.Load() {
			}
		})
	}
	defer spinning.Wait()
	defer stop.Store(true)
	clusters := []harness.Spec{{Name: "alpha", Members: 3}, {Name: "beta", Members: 3}}
	for range *undisturbed {
		r := harness.Repeat(t, func() *harness.Result {
			return executeEmbedded(t, clusters, scenarios.Reference(), harness.Options{}, func(w *harness.World) {
				w.StartManager()
				w.Pass(w.Bounds().Election())
			})
		})
		require.Equal(t, record.Passed, r.Outcome, r.String())
		if r.Stalled != nil {
			t.Logf("only the outcome is checked, since leaders and watches may move during a stall: %v", r.Stalled)
			continue
		}
		require.Len(t, r.Record.Leaders, len(clusters), "a leader was elected that nobody asked for")
		require.Len(t, r.Record.Watches, 2*len(clusters), "a watch moved that nobody touched")
	}
}
