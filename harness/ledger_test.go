package harness_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

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

// A program may read a key while the leader hangs: the read is tried again until a member answers.
func TestAProgramReadsAKeyWhileTheLeaderHangs(t *testing.T) {
	var read []string
	w := counters.Workload()
	w.Programs = func() []harness.Program {
		return []harness.Program{{Name: "counter", Run: counters.Count}, {Name: "reader", Run: func(ctx context.Context, l *harness.Ledger) error {
			if _, found, err := l.Get(ctx, "/own"); found || err != nil {
				return fmt.Errorf("a key that nobody has written: found %v: %w", found, err)
			}
			for i := 0; ctx.Err() == nil; i++ {
				if err := l.Put(ctx, clientv3.OpPut("/own", strconv.Itoa(i))); err != nil {
					return err
				}
				value, _, err := l.Get(ctx, "/own")
				if err != nil {
					return err
				}
				read = append(read, value)
				if err := wait(ctx, time.Second); err != nil {
					return err
				}
			}
			return ctx.Err()
		}}}
	}
	c := plain()
	c.Workloads = []*harness.Workload{w}
	s := harness.Scenario{Name: "a-test", Clusters: three, Body: func(w *harness.World) {
		alpha := w.Cluster("alpha")
		w.StartManager(harness.WatchOn(alpha.Followers()[0]))
		hang := w.Inject(fault.HangDisk(alpha.Leader()))
		w.Pass(10 * w.Timing().Election)
		hang.Heal()
	}}
	r := harness.Execute(t.Context(), virtual.New(t, 1), s, c, harness.Options{Seed: 1})
	require.Equal(t, record.Passed, r.Outcome, r.String())
	require.Greater(t, len(read), 10)
	for i, value := range read {
		require.Equal(t, strconv.Itoa(i), value)
	}
}
