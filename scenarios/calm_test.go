package scenarios_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/fakes/flawed"
	"github.com/stormwatch/stormwatch/fakes/tidb"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

var (
	calmHours = flag.Int("calm-hours", 2, "how many virtual hours the reference manager must be calm for")
	calmFrom  = flag.Uint64("calm-from", 1, "the seed of the first of them")
)

// calmLoad is the load interval in a nearly idle cluster. Without any updates a stale view could not be noticed.
const calmLoad = 10 * time.Second

// While nobody writes, a healthy watch receives only progress responses. On a watch that begins past the store's revision, etcd does not
// send even those, so a manager that resumed there would report one member after another as idle.
func TestASilentClusterIsNoReasonToLeave(t *testing.T) {
	silent := harness.Scenario{
		Name:     "a-silent-cluster",
		Clusters: []harness.Spec{{Name: "alpha", Members: 3}},
		Body: func(w *harness.World) {
			alpha := w.Cluster("alpha")
			w.StartManager(harness.WatchOn(alpha.Leader()))
			resume := alpha.Rest()
			w.Pass(w.Timing().ProgressInterval)
			w.Inject(fault.Reset(alpha.Leader())).Heal()
			w.Pass(3 * w.Timing().IdleTimeout)
			resume()
		},
	}
	execute := func(c harness.Candidate) *harness.Result {
		c.Workloads, c.Kinds = []*harness.Workload{checkpointsOnly()}, []string{tidb.Checkpoint}
		return harness.Execute(t.Context(), virtual.New(t, 1), silent, c, harness.Options{Seed: 1})
	}
	for _, c := range []harness.Candidate{scenarios.Reference(), scenarios.Hedged()} {
		r := execute(c)
		require.Equal(t, record.Passed, r.Outcome, r.String())
		for _, e := range r.Record.Errors {
			require.Zero(t, e.Idle, e.Text)
		}
	}
	guarded := flawed.All()[2]
	require.Equal(t, "guarded", guarded.Name)
	require.Equal(t, []string{"idle timeout"}, failedOracles(execute(guarded)), "it resumes from the next revision")
}

// checkpointsOnly is the workload tidb without the servers. These refresh their leases also while the load rests, which writes to etcd.
func checkpointsOnly() *harness.Workload {
	w := tidb.Workload()
	programs := w.Programs()
	w.Programs = func() []harness.Program {
		return slices.DeleteFunc(programs, func(p harness.Program) bool { return !strings.HasPrefix(p.Name, "advancer") })
	}
	return w
}

// While nothing is wrong, the reference manager raises no false alarm: no watch moves to another member, and none is reported as idle or
// stale. Each hour is a world of its own, with its own seed.
func TestTheReferenceManagerRaisesNoFalseAlarm(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what takes seconds")
	}
	quiet := harness.Scenario{
		Name:     "a-quiet-hour",
		Clusters: []harness.Spec{{Name: "alpha", Members: 3}},
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
				// The workload puts values that cannot be read beside the others; the manager names them and shows the others.
				require.Regexp(t, "^(cluster has not answered yet$|malformed value at )", e.Text)
			}
		})
	}
}
