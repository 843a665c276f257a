package harness_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// A grant whose response is late is tried again, so etcd may carry it out more than once. The leases that come of that must not be mistaken for
// leases of the manager.
func TestALeaseOfAProgramIsNotTheManagers(t *testing.T) {
	grants := 0
	w := counters.Workload()
	w.Programs = func() []harness.Program {
		return []harness.Program{{Name: "counter", Run: counters.Count}, {Name: "lessee", Run: func(ctx context.Context, l *harness.Ledger) error {
			for ctx.Err() == nil {
				if _, err := l.Grant(ctx); err != nil {
					return err
				}
				grants++
				if err := wait(ctx, 5*time.Second); err != nil {
					return err
				}
			}
			return ctx.Err()
		}}}
	}
	c := plain()
	c.Workloads = []*harness.Workload{w}
	timing := bound.Production()
	timing.Stay = 0 // so that the leases have not expired at the end of the run
	s := harness.Scenario{Name: "a-test", Clusters: three, Body: func(w *harness.World) {
		alpha := w.Cluster("alpha")
		w.StartManager(harness.WatchOn(alpha.Followers()[0])) // there the manager does not notice the fault
		hang := w.Inject(fault.HangApply(alpha.Leader()))
		w.Pass(10 * w.Timing().Election)
		hang.Heal()
	}}
	r := harness.Execute(t.Context(), virtual.New(t, 1), s, c, harness.Options{Seed: 1, Timing: &timing})
	require.Equal(t, record.Passed, r.Outcome, r.String())
	require.Greater(t, grants, 1)
}
