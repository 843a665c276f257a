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
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

var (
	calmHours = flag.Int("calm-hours", 2, "how many virtual hours the reference manager must be calm for")
	calmFrom  = flag.Uint64("calm-from", 1, "the seed of the first of them")
)

// calmLoad is how often something happens where little does: the views must move for a stale one to be told.
const calmLoad = 10 * time.Second

// Where nobody writes a healthy watch has nothing to say but progress. A watch that begins past the store's revision is not given even
// that by etcd, so a manager that resumes there calls every member in turn idle.
func TestASilentClusterIsNoReasonToLeave(t *testing.T) {
	silent := harness.Scenario{
		Name:     "a-silent-cluster",
		Clusters: []harness.Spec{{Name: "alpha", Members: 3}},
		Load: func(w *harness.World) {
			w.Go("advancer", (&fakes.Advancer{Cluster: w.Cluster("alpha"), Task: "backup"}).Run)
		},
		Body: func(w *harness.World) {
			alpha := w.Cluster("alpha")
			w.StartManager(harness.WatchOn(alpha.Leader()))
			resume := alpha.Quiet()
			w.Pass(w.Timing().ProgressInterval)
			w.Inject(fault.Reset(alpha.Leader())).Heal()
			w.Pass(3 * w.Timing().IdleTimeout)
			resume()
		},
	}
	execute := func(c harness.Candidate) *harness.Result {
		return harness.Execute(t.Context(), virtual.New(t, 1), silent, c, harness.Options{Seed: 1})
	}
	for _, c := range []harness.Candidate{scenarios.Reference(), scenarios.Hedged()} {
		r := execute(c)
		require.True(t, r.Passed, r.String())
		for _, e := range r.Record.Errors {
			require.Zero(t, e.Idle, e.Text)
		}
	}
	guarded, err := scenarios.FindManager("guarded")
	require.NoError(t, err)
	failed := execute(guarded).Failed()
	require.Len(t, failed, 1)
	require.Equal(t, "idle timeout", failed[0].Oracle, "it resumes from the next revision")
}

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
