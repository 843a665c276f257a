package scenarios_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/fakes"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

var (
	calmHours = flag.Int("calm-hours", 2, "how many virtual hours the reference manager must be calm for")
	calmFrom  = flag.Uint64("calm-from", 1, "the seed of the first of them")
)

// calmLoad is how often something happens where little does: the views must move for a stale one to be told.
const calmLoad = 10 * time.Second

// Where nothing is wrong the reference manager raises no alarm: no watch moves, none is called idle or stale. Each hour is a world of
// its own, with a seed of its own.
func TestTheReferenceManagerRaisesNoFalseAlarm(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what takes seconds")
	}
	quiet := harness.Scenario{
		Name:     "a-quiet-hour",
		Clusters: []harness.Spec{{Name: "alpha", Members: 3}},
		Load:     fakes.Load,
		Body: func(w *harness.World) {
			w.StartManager()
			w.Pass(time.Hour)
		},
	}
	for seed := *calmFrom; seed < *calmFrom+uint64(*calmHours); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			timing := bound.Production()
			timing.Load = calmLoad
			r := harness.Run(t, virtual.New(t, seed), quiet, scenarios.Reference(), harness.Options{Seed: seed, Timing: &timing})
			require.GreaterOrEqual(t, r.Virtual, time.Hour)
			require.Len(t, r.Record.Watches, 2, "a watch moved")
			require.Len(t, r.Record.Leaders, 1, "the leader changed")
			for _, e := range r.Record.Errors {
				require.Equal(t, "cluster has not answered yet", e.Text)
			}
		})
	}
}
