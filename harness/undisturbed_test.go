package harness_test

import (
	"flag"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/fakes"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/scenarios"
)

var undisturbed = flag.Int("undisturbed", 2, "how many undisturbed worlds to run on busy cores")

// The compressed timing must not elect leaders, or move watches, that nobody asked for, with every core busy.
func TestAnUndisturbedWorldKeepsItsLeadersOnBusyCores(t *testing.T) {
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
	for range *undisturbed {
		r := harness.Execute(t.Context(), embedded.Engine{}, harness.Scenario{
			Name:     "undisturbed",
			Clusters: []harness.Spec{{Name: "alpha", Members: 3}, {Name: "beta", Members: 3}},
			Load:     fakes.Load,
			Body: func(w *harness.World) {
				w.StartManager()
				w.Pass(w.Bounds().Election())
			},
		}, scenarios.Reference(), harness.Options{Dir: t.TempDir()})
		require.True(t, r.Passed, r.String())
		require.Len(t, r.Record.Leaders, 2, "a leader was elected that nobody asked for")
		require.Len(t, r.Record.Watches, 4, "a watch moved that nobody touched")
	}
}
