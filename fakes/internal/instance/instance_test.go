package instance_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/fakes/flawed"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// runWorkload runs a workload in virtual time and returns the record. Its manager is a simple one, which suffices without faults.
func runWorkload(t *testing.T, workload string, during func(*harness.World)) *record.Record {
	t.Helper()
	s := harness.Scenario{Name: "live", Clusters: []harness.Spec{{Name: "alpha", Members: 1}}, Body: func(w *harness.World) {
		w.StartManager()
		during(w)
	}}
	r := harness.Run(t, virtual.New(t, 1), s, flawed.All()[0], harness.Options{Seed: 1, Workload: workload})
	require.Equal(t, record.Passed, r.Outcome)
	return r.Record
}

// all calls f for each workload.
func all(t *testing.T, f func(*testing.T, *harness.Workload)) {
	for _, w := range flawed.All()[0].Workloads {
		t.Run(w.Name, func(t *testing.T) { f(t, w) })
	}
}

func TestEachKindIsWrittenAsOftenAsItsWorkloadSays(t *testing.T) {
	all(t, func(t *testing.T, w *harness.Workload) {
		rec := runWorkload(t, w.Name, func(w *harness.World) { w.Pass(3 * time.Minute) })
		for _, k := range w.Kinds {
			var last, longest time.Duration
			for _, c := range rec.Commits {
				if c.Subject.Kind != k.Name || c.At > rec.Rests[0].From {
					continue
				}
				if last > 0 {
					longest = max(longest, c.At-last)
				}
				last = c.At
			}
			require.InDelta(t, float64(k.Every)*rec.Timing.Load.Seconds(), longest.Seconds(), rec.Timing.Heartbeat.Seconds(), k.Name)
		}
	})
}

func TestInstancesComeAndGo(t *testing.T) {
	all(t, func(t *testing.T, w *harness.Workload) {
		gone := map[record.Subject]int{}
		for _, c := range runWorkload(t, w.Name, func(w *harness.World) { w.Pass(time.Minute) }).Commits {
			if c.Value == "" {
				require.Positive(t, c.Revision, "%s was lost by accident", c.Subject)
				gone[c.Subject]++
			}
		}
		require.NotEmpty(t, gone)
		for subject, times := range gone {
			require.GreaterOrEqual(t, times, 2, subject)
		}
	})
}

// Nobody is told when a lease expires, so the ledger has the end of the subject without a revision, and then its new start.
func TestALostLeaseIsANewStart(t *testing.T) {
	all(t, func(t *testing.T, w *harness.Workload) {
		var lost time.Duration
		rec := runWorkload(t, w.Name, func(w *harness.World) {
			w.Pass(w.Timing().Election)
			lost = w.Elapsed()
			revokeAll(t, w)
			w.Pass(2 * w.Timing().Stay)
		})
		again := map[record.Subject]string{}
		for i, c := range rec.Commits {
			if c.Value != "" || c.Revision != 0 {
				continue
			}
			require.Less(t, c.Begun, lost, "the last time that the lease was found alive")
			require.Greater(t, c.At, lost)
			for _, later := range rec.Commits[i+1:] {
				if later.Subject == c.Subject && again[c.Subject] == "" {
					again[c.Subject] = later.Value
				}
			}
			require.NotEmpty(t, again[c.Subject], c.Subject)
		}
		require.GreaterOrEqual(t, len(again), 2, fmt.Sprint(again))
	})
}

// revokeAll revokes all leases.
func revokeAll(t *testing.T, w *harness.World) {
	member, err := w.Cluster("alpha").Leader().Direct()
	require.NoError(t, err)
	resp, err := member.Client.Leases(member.Ctx())
	require.NoError(t, err)
	require.NotEmpty(t, resp.Leases)
	for _, l := range resp.Leases {
		_, err := member.Client.Revoke(member.Ctx(), clientv3.LeaseID(l.ID))
		require.NoError(t, err)
	}
}

// A backup brings an instance back that is away, under a lease that nobody refreshes. While the load rests the instance does not come back, so the ledger
// must find out that the lease has expired.
func TestAnInstanceThatABackupBroughtBackExpires(t *testing.T) {
	all(t, func(t *testing.T, workload *harness.Workload) {
		const step = time.Second
		expired, ttl := 0, bound.Production().LeaseTTL
		for later := range 10 * time.Second / step { // the instances come and go at different intervals
			var restored time.Duration
			s := harness.Scenario{Name: "restored", Clusters: []harness.Spec{{Name: "alpha", Members: 1}}, Body: func(w *harness.World) {
				w.StartManager()
				alpha := w.Cluster("alpha")
				w.Pass(5*time.Second + later*step)
				w.Inject(fault.Backup(alpha))
				w.Pass(4 * time.Second)
				resume := alpha.Rest()
				w.Inject(fault.Restore(alpha))
				restored = w.Elapsed()
				w.Pass(2 * w.Timing().Stay)
				resume()
			}}
			// The manager does not notice that a cluster was restored; we look at the ledger alone.
			rec := harness.Execute(t.Context(), virtual.New(t, 1), s, flawed.All()[0], harness.Options{Seed: 1, Workload: workload.Name}).Record
			back := map[record.Subject]bool{}
			for _, c := range rec.Commits {
				back[c.Subject] = back[c.Subject] || c.Restored && c.Value != ""
				if c.Value != "" || c.Revision != 0 || !back[c.Subject] || c.Begun < restored {
					continue
				}
				expired++
				require.Greater(t, c.At, restored+ttl, c.Subject)
				require.Less(t, c.At, restored+2*rec.Timing.Stay, c.Subject)
			}
		}
		require.Positive(t, expired)
	})
}
