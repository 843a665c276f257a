package tidb_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
	"github.com/stormwatch/stormwatch/manager/tidb"
)

// advance is the result of one wait.
type advance struct {
	value uint64
	err   error
}

func wait(ctx context.Context, m *tidb.Manager, current uint64) <-chan advance {
	done := make(chan advance, 1)
	go func() {
		value, err := m.WaitCheckpointAdvance(ctx, "alpha", "backup", current)
		done <- advance{value, err}
	}()
	return done
}

func TestAWaitEndsWithTheFirstCheckpointAfterCurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		alpha.Put(checkpointKey, encode(7))
		m := startManager(t, tidb.Config{}, toFake(alpha, "alpha"))
		require.Equal(t, advance{value: 7}, <-wait(t.Context(), m, 6), "it stands already")

		waiting := wait(t.Context(), m, 7)
		time.Sleep(time.Hour)
		require.Empty(t, waiting)
		alpha.Put(checkpointKey, encode(9))
		require.Equal(t, advance{value: 9}, <-waiting)
		require.Equal(t, int64(1)+int64(1), alpha.Members[0].Snapshots.Load(), "one read per prefix, none per wait")
	})
}

func TestAWaitIsNotFooledByAMemberThatWithholdsTheAdvance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		m := startManager(t, tidb.Config{}, toFake(alpha, "alpha"))
		waiting := wait(t.Context(), m, 0)
		time.Sleep(time.Minute)
		alpha.Members[0].Withhold.Store(true)
		begun := time.Now()
		alpha.Put(checkpointKey, encode(1))
		require.Equal(t, advance{value: 1}, <-waiting)
		require.LessOrEqual(t, time.Since(begun), 1300*time.Millisecond)
	})
}

func TestAMalformedCheckpointEndsTheWaitAndNotTheWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		m := startManager(t, tidb.Config{}, toFake(alpha, "alpha"))
		waiting := wait(t.Context(), m, 0)
		synctest.Wait()
		alpha.Put(checkpointKey, "short")
		var malformed *tidb.MalformedError
		require.ErrorAs(t, (<-waiting).err, &malformed)
		require.Equal(t, checkpointKey, malformed.Key)
		require.Equal(t, "alpha", malformed.Cluster)
		require.ErrorAs(t, (<-wait(t.Context(), m, 0)).err, &malformed, "it still stands")

		alpha.Put(checkpointKey, encode(3))
		synctest.Wait()
		require.Equal(t, advance{value: 3}, <-wait(t.Context(), m, 0))
		require.Equal(t, int64(2), alpha.Members[0].Creates.Load(), "the watch was never made anew")
	})
}

func TestAWaitEndsWithItsContextTheClusterOrTheManagerAndSaysWhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		m := startManager(t, tidb.Config{}, toFake(alpha, "alpha"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var ended *tidb.WaitError
		err := (<-wait(ctx, m, 5)).err
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorAs(t, err, &ended)
		require.Equal(t, time.Minute, ended.Elapsed)
		require.Equal(t, checkpointKey, ended.Key)
		require.Equal(t, uint64(5), ended.Current)
		require.NoError(t, ended.Last)

		waiting := wait(t.Context(), m, 0)
		synctest.Wait()
		require.NoError(t, m.Apply(t.Context(), nil))
		err = (<-waiting).err
		require.ErrorIs(t, err, manager.ErrClusterGone)
		require.NotErrorIs(t, err, manager.ErrClosed)
		var unknown *manager.NoClusterError
		require.ErrorAs(t, (<-wait(t.Context(), m, 0)).err, &unknown)

		require.NoError(t, m.Apply(t.Context(), []manager.Target{toFake(alpha, "alpha")}))
		waiting = wait(t.Context(), m, 0)
		synctest.Wait()
		require.NoError(t, m.Close())
		require.ErrorIs(t, (<-waiting).err, manager.ErrClosed)
		require.ErrorIs(t, (<-wait(t.Context(), m, 0)).err, manager.ErrClosed)
	})
}

func TestAWaitSaysWhatTroubledTheCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		alpha.Members[0].Refuse.Store(true)
		m := startManager(t, tidb.Config{}, toFake(alpha, "alpha"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var ended *tidb.WaitError
		require.ErrorAs(t, (<-wait(ctx, m, 0)).err, &ended)
		var op *guard.OpError
		require.ErrorAs(t, ended.Last, &op)
		require.Equal(t, "http://m0", op.Endpoint)
		require.ErrorContains(t, ended, "refuses")
	})
}

func TestAWaitOutlivesARuntime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		m := startManager(t, tidb.Config{}, toFake(alpha, "alpha"))
		waiting := wait(t.Context(), m, 0)
		synctest.Wait()
		fewer := toFake(alpha, "alpha")
		fewer.Endpoints = fewer.Endpoints[:1]
		require.NoError(t, m.Apply(t.Context(), []manager.Target{fewer}))
		time.Sleep(time.Minute)
		alpha.Put(checkpointKey, encode(1))
		require.Equal(t, advance{value: 1}, <-waiting)
	})
}

func TestAStreamOfCheckpointsRisesAndRepeatsNothing(t *testing.T) {
	for _, hedged := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			alpha := etcdtest.StartFake(t, 3)
			alpha.Put(checkpointKey, encode(1))
			m := startManager(t, watching(guard.Options{Hedged: hedged}), toFake(alpha, "alpha"))
			ctx, cancel := context.WithCancel(t.Context())
			items, ended := make(chan advance, 100), make(chan struct{})
			go func() {
				defer close(ended)
				for checkpoint, err := range m.Checkpoints(ctx, "alpha", "backup") {
					items <- advance{checkpoint.Value, err}
				}
			}()
			time.Sleep(time.Minute)
			require.Equal(t, advance{value: 1}, <-items)
			require.Empty(t, items)
			alpha.Put(checkpointKey, encode(2))
			require.Equal(t, advance{value: 2}, <-items)
			alpha.Put(checkpointKey, "broken")
			var malformed *tidb.MalformedError
			require.ErrorAs(t, (<-items).err, &malformed)
			alpha.Put(checkpointKey, encode(3))
			require.Equal(t, advance{value: 3}, <-items)
			alpha.Put(checkpointKey, encode(3))
			time.Sleep(time.Minute)
			require.Empty(t, items, "the same value again is no advance")

			alpha.Delete(checkpointKey)
			alpha.Put(checkpointKey, encode(1))
			require.Equal(t, advance{value: 1}, <-items, "a new task of the name")
			cancel()
			last := <-items
			require.ErrorIs(t, last.err, context.Canceled)
			<-ended
			require.Empty(t, items)
		})
	}
}

func TestAStreamOfCheckpointsCanBeBrokenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		alpha.Put(checkpointKey, encode(1))
		m := startManager(t, tidb.Config{}, toFake(alpha, "alpha"))
		n := 0
		for range m.Checkpoints(t.Context(), "alpha", "backup") {
			n++
			break
		}
		alpha.Put(checkpointKey, "broken")
		for _, err := range m.Checkpoints(t.Context(), "alpha", "backup") {
			n++
			if err != nil {
				break
			}
		}
		require.Equal(t, 3, n)
		for _, err := range m.Checkpoints(t.Context(), "beta", "backup") {
			require.ErrorIs(t, err, manager.ErrNoCluster)
			n++
		}
		require.Equal(t, 4, n)
	})
}

func TestAWaitGoesOnAcrossACompaction(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 3)
	alpha.Put(t, checkpointKey, encode(1))
	options := brisk()
	options.WithoutProbe = true // a probe would find the member first that withholds events
	target, leader := to(alpha), alpha.Leader(t)
	// The member that stops must not lead, so that the watch can resume on the next one at once.
	target.Endpoints = slices.DeleteFunc(target.Endpoints, func(host string) bool { return host == leader.Host })
	cfg, metrics := watching(options), prometheus.NewPedanticRegistry()
	cfg.Manager.Registerer = metrics
	m := startManager(t, cfg, target)
	awaitCheckpoint(t, m, "alpha", 1)
	awaitHealthy(t, m, "alpha")
	ctx, cancel := context.WithTimeout(t.Context(), etcdtest.Patience)
	defer cancel()
	waiting := wait(ctx, m, 1)
	watched := alpha.At(t, view(t, m, "alpha").Endpoint)
	watched.Withhold.Store(true)
	alpha.Put(t, checkpointKey, encode(2))
	revision := alpha.Put(t, "/elsewhere", "x")
	_, err := alpha.Admin.Compact(t.Context(), revision, clientv3.WithCompactPhysical())
	require.NoError(t, err)
	watched.Stop()
	require.Equal(t, advance{value: 2}, <-waiting)
	require.NotZero(t, compactions(t, metrics), "the watch resumed although its revision was compacted")
}

// compactions counts the watches that could not resume because their revision was compacted. The view's last error would not do: an error
// of the cluster's other watch may have replaced it.
func compactions(t *testing.T, metrics *prometheus.Registry) (n float64) {
	t.Helper()
	families, err := metrics.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() != "stormwatch_manager_reattaches_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "reason" && label.GetValue() == guard.ReasonCompacted {
					n += metric.GetCounter().GetValue()
				}
			}
		}
	}
	return n
}
