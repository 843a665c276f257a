package manager_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/manager"
)

// advance is what one wait came to.
type advance struct {
	value uint64
	err   error
}

func wait(ctx context.Context, m *manager.Manager, current uint64) <-chan advance {
	done := make(chan advance, 1)
	go func() {
		value, err := m.WaitCheckpointAdvance(ctx, "alpha", "backup", current)
		done <- advance{value, err}
	}()
	return done
}

func TestAWaitEndsWithTheFirstCheckpointAfterCurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 3)
		alpha.put(checkpointKey, encode(7))
		m := startManager(t, manager.Config{}, alpha.target())
		require.Equal(t, advance{value: 7}, <-wait(t.Context(), m, 6), "it stands already")

		waiting := wait(t.Context(), m, 7)
		time.Sleep(time.Hour)
		require.Empty(t, waiting)
		alpha.put(checkpointKey, encode(9))
		require.Equal(t, advance{value: 9}, <-waiting)
		require.Equal(t, int64(1)+int64(1), alpha.members[0].snapshots.Load(), "one read per prefix, none per wait")
	})
}

func TestAWaitIsNotFooledByAMemberThatWithholdsTheAdvance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 3)
		m := startManager(t, manager.Config{}, alpha.target())
		waiting := wait(t.Context(), m, 0)
		time.Sleep(time.Minute)
		alpha.members[0].withhold.Store(true)
		begun := time.Now()
		alpha.put(checkpointKey, encode(1))
		require.Equal(t, advance{value: 1}, <-waiting)
		require.LessOrEqual(t, time.Since(begun), 1300*time.Millisecond)
	})
}

func TestAMalformedCheckpointEndsTheWaitAndNotTheWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		m := startManager(t, manager.Config{}, alpha.target())
		waiting := wait(t.Context(), m, 0)
		synctest.Wait()
		alpha.put(checkpointKey, "short")
		var malformed *manager.MalformedError
		require.ErrorAs(t, (<-waiting).err, &malformed)
		require.Equal(t, checkpointKey, malformed.Key)
		require.Equal(t, "alpha", malformed.Cluster)
		require.ErrorAs(t, (<-wait(t.Context(), m, 0)).err, &malformed, "it still stands")

		alpha.put(checkpointKey, encode(3))
		synctest.Wait()
		require.Equal(t, advance{value: 3}, <-wait(t.Context(), m, 0))
		require.Equal(t, int64(2), alpha.members[0].creates.Load(), "the watch was never made anew")
	})
}

func TestAWaitEndsWithItsContextTheClusterOrTheManagerAndSaysWhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		m := startManager(t, manager.Config{}, alpha.target())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var ended *manager.WaitError
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

		require.NoError(t, m.Apply(t.Context(), []manager.Target{alpha.target()}))
		waiting = wait(t.Context(), m, 0)
		synctest.Wait()
		require.NoError(t, m.Close())
		require.ErrorIs(t, (<-waiting).err, manager.ErrClosed)
		require.ErrorIs(t, (<-wait(t.Context(), m, 0)).err, manager.ErrClosed)
	})
}

func TestAWaitSaysWhatTroubledTheCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		alpha.members[0].refuse.Store(true)
		m := startManager(t, manager.Config{}, alpha.target())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var ended *manager.WaitError
		require.ErrorAs(t, (<-wait(ctx, m, 0)).err, &ended)
		var op *manager.OpError
		require.ErrorAs(t, ended.Last, &op)
		require.Equal(t, "http://m0", op.Endpoint)
		require.ErrorContains(t, ended, "refuses")
	})
}

func TestAWaitOutlivesARuntime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 2)
		m := startManager(t, manager.Config{}, alpha.target())
		waiting := wait(t.Context(), m, 0)
		synctest.Wait()
		fewer := alpha.target()
		fewer.Endpoints = fewer.Endpoints[:1]
		require.NoError(t, m.Apply(t.Context(), []manager.Target{fewer}))
		time.Sleep(time.Minute)
		alpha.put(checkpointKey, encode(1))
		require.Equal(t, advance{value: 1}, <-waiting)
	})
}

func TestAStreamOfCheckpointsRisesAndRepeatsNothing(t *testing.T) {
	for _, hedged := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			alpha := startFake(t, 3)
			alpha.put(checkpointKey, encode(1))
			m := startManager(t, manager.Config{Hedged: hedged}, alpha.target())
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
			alpha.put(checkpointKey, encode(2))
			require.Equal(t, advance{value: 2}, <-items)
			alpha.put(checkpointKey, "broken")
			var malformed *manager.MalformedError
			require.ErrorAs(t, (<-items).err, &malformed)
			alpha.put(checkpointKey, encode(3))
			require.Equal(t, advance{value: 3}, <-items)
			alpha.put(checkpointKey, encode(3))
			time.Sleep(time.Minute)
			require.Empty(t, items, "the same value again is no advance")

			alpha.delete(checkpointKey)
			alpha.put(checkpointKey, encode(1))
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
		alpha := startFake(t, 1)
		alpha.put(checkpointKey, encode(1))
		m := startManager(t, manager.Config{}, alpha.target())
		n := 0
		for range m.Checkpoints(t.Context(), "alpha", "backup") {
			n++
			break
		}
		alpha.put(checkpointKey, "broken")
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
	alpha := startCluster(t, "alpha", 1)
	alpha.put(t, checkpointKey, encode(1))
	m := startManager(t, brisk(), alpha.target())
	awaitCheckpoint(t, m, "alpha", 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	waiting := wait(ctx, m, 1)
	alpha.network.cut()
	eventually(t, "the loss", func() bool { return !view(t, m, "alpha").Healthy })
	alpha.put(t, checkpointKey, encode(2))
	revision := alpha.put(t, "/elsewhere", "x")
	_, err := alpha.admin.Compact(t.Context(), revision, clientv3.WithCompactPhysical())
	require.NoError(t, err)
	alpha.network.restore()
	require.Equal(t, advance{value: 2}, <-waiting)
	require.True(t, errors.As(view(t, m, "alpha").Err, new(*manager.CompactedError)))
}

// What is written after the read and before the watch stands is in neither, unless the watch begins where the read
// ended. No probe, which would find it out.
func TestAWatchBeginsAtTheRevisionOfItsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		alpha.put(checkpointKey, encode(1))
		target := alpha.target()
		target.DialOptions = append(target.DialOptions, grpc.WithChainUnaryInterceptor(func(
			ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
		) error {
			err := invoke(ctx, method, req, reply, cc, opts...)
			if read, ok := req.(*pb.RangeRequest); ok && string(read.Key) == checkpointPrefix {
				alpha.put(checkpointKey, encode(2))
			}
			return err
		}))
		m := startManager(t, manager.Config{WithoutProbe: true}, target)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.Equal(t, advance{value: 2}, <-wait(ctx, m, 1))
	})
}
