package virtual_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// The tests of this file and of etcd_lease_test.go say what the etcd that we use does in the cases of issues of etcd. The track record names them.

// next is the next response of a watch; nil if there is none within d.
func next(watch clientv3.WatchChan, d time.Duration) *clientv3.WatchResponse {
	select {
	case r := <-watch:
		return &r
	case <-time.After(d):
		return nil
	}
}

// etcd answers progress requests of a whole stream: not at all if one of its watches is ahead of the store or behind it (etcd #20242).
func TestOneWatchThatIsAheadTakesProgressFromTheOthersOfItsStream(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 1)
		cli := c.client()
		c.put(cli, "k", "v")
		ctx, cancel := context.WithCancel(l.ctx)
		defer cancel()
		watch := cli.Watch(ctx, "k", clientv3.WithCreatedNotify())
		require.True(t, (<-watch).Created)
		require.NoError(t, cli.RequestProgress(ctx))
		require.True(t, next(watch, time.Second).IsProgressNotify(), "alone on its stream it is answered")

		ahead, release := context.WithCancel(ctx) // the same metadata, and so the same stream
		other := cli.Watch(ahead, "other", clientv3.WithRev(c.revision("m1")+1), clientv3.WithCreatedNotify())
		require.True(t, (<-other).Created)
		for range 10 {
			require.NoError(t, cli.RequestProgress(ctx))
			require.Nil(t, next(watch, 10*time.Second), "no progress while the other one is ahead")
		}
		release()
		for range other { // it ends when etcd has canceled it
		}
		require.NoError(t, cli.RequestProgress(ctx))
		require.True(t, next(watch, time.Second).IsProgressNotify())
	})
}

// A progress request that comes before etcd has caught a new watch up, which it does every 100 ms, is lost: it is not answered later (etcd #17507).
// So it cannot be answered ahead of events either (etcd #15220).
func TestAProgressRequestBeforeANewWatchIsCaughtUpIsLost(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 1)
		cli := c.client()
		c.put(cli, "other", "v")
		from := c.revision("m1")
		ctx, cancel := context.WithCancel(l.ctx)
		defer cancel()
		watch := cli.Watch(ctx, "k", clientv3.WithRev(from), clientv3.WithCreatedNotify())
		require.True(t, (<-watch).Created)
		require.NoError(t, cli.RequestProgress(ctx))
		require.Nil(t, next(watch, 10*time.Minute), "not even in ten minutes")
		require.NoError(t, cli.RequestProgress(ctx))
		require.True(t, next(watch, time.Second).IsProgressNotify(), "the next one is answered")

		c.put(cli, "k", "v")
		require.Len(t, (<-watch).Events, 1)
		again := cli.Watch(ctx, "k", clientv3.WithRev(from), clientv3.WithCreatedNotify())
		require.True(t, (<-again).Created)
		require.NoError(t, cli.RequestProgress(ctx))
		require.Len(t, (<-again).Events, 1, "events first")
	})
}

// A member that was cut off for so long that it takes a snapshot delivers each event once, in order (fixed: etcd #15271), and none from before the
// revision that a watch asked for (fixed: etcd #20221).
func TestWatchesOnAMemberThatTakesASnapshotGoOnWhereTheyWere(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		follower := c.follower()
		cli, own := c.client(c.leader()), c.client(follower)
		watch := own.Watch(l.ctx, "k", clientv3.WithCreatedNotify())
		require.True(t, (<-watch).Created)
		c.put(cli, "k", "before")
		last := (<-watch).Events[0].Kv.ModRevision
		heal := c.isolate(follower)
		const updates = 6000 // the leader keeps 5000 in its log
		future := last + updates/2
		later := own.Watch(l.ctx, "k", clientv3.WithRev(future), clientv3.WithCreatedNotify())
		require.True(t, (<-later).Created)
		for i := range updates {
			_, err := cli.Put(l.ctx, "k", fmt.Sprint(i))
			require.NoError(t, err)
			pass(time.Millisecond)
		}
		heal()
		for end := last + updates; last < end; {
			r := <-watch
			require.NoError(t, r.Err())
			for _, e := range r.Events {
				require.Equal(t, last+1, e.Kv.ModRevision)
				last++
			}
		}
		first := <-later
		require.NoError(t, first.Err())
		require.Equal(t, future, first.Events[0].Kv.ModRevision)
	})
}

// A watch that begins at the revision of a deletion that was compacted shows the deletion, or says that it was compacted (fixed: etcd #18089, #19179).
func TestADeletionIsNotLostAtACompaction(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 1)
		cli := c.client()
		for range 20 {
			c.put(cli, "k", "v")
			deleted, err := cli.Delete(l.ctx, "k")
			require.NoError(t, err)
			at := deleted.Header.Revision
			_, err = cli.Compact(l.ctx, at, clientv3.WithCompactPhysical())
			require.NoError(t, err)
			one, cancel := context.WithCancel(l.ctx)
			r := <-cli.Watch(one, "k", clientv3.WithRev(at))
			require.NoError(t, r.Err())
			require.Equal(t, clientv3.EventTypeDelete, r.Events[0].Type)
			require.Equal(t, at, r.Events[0].Kv.ModRevision)
			cancel()
		}
	})
}

// A watch whose client reads nothing while its history is compacted is ended. It does not go on behind a gap (fixed: etcd #17529).
func TestASlowWatchIsEndedAtACompactionAndHasNoGap(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 1)
		cli := c.client()
		ctx, cancel := context.WithTimeout(l.ctx, time.Minute)
		defer cancel()
		stream, err := pb.NewWatchClient(c.client().ActiveConnection()).Watch(ctx, grpc.MaxCallRecvMsgSize(math.MaxInt32))
		require.NoError(t, err)
		create := &pb.WatchCreateRequest{Key: []byte("k"), StartRevision: 1}
		require.NoError(t, stream.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: create}}))
		created, err := stream.Recv()
		require.NoError(t, err)
		require.True(t, created.Created)
		pass(time.Second) // etcd has caught it up
		big := strings.Repeat("x", 10<<10)
		var newest int64
		for range 500 { // more than the stream, and etcd's buffer of 128 responses, hold
			resp, err := cli.Put(l.ctx, "k", big)
			require.NoError(t, err)
			newest = resp.Header.Revision
			pass(time.Millisecond)
		}
		pass(time.Second)
		_, err = cli.Compact(l.ctx, newest, clientv3.WithCompactPhysical())
		require.NoError(t, err)
		c.put(cli, "k", "after")
		pass(time.Second)
		var last int64
		for {
			r, err := stream.Recv()
			require.NoError(t, err)
			if r.Canceled {
				require.Equal(t, newest, r.CompactRevision)
				require.Less(t, last, newest, "it had not received everything")
				return
			}
			for _, e := range r.Events {
				require.Contains(t, []int64{0, e.Kv.ModRevision - 1}, last, "no gap")
				require.Equal(t, mvccpb.Event_PUT, e.Type)
				last = e.Kv.ModRevision
			}
		}
	})
}

// Linearizable reads through a member that was cut off, and that are under way when it is back, show what was written before they began
// (fixed: etcd #20418).
func TestReadsUnderWayThroughAMemberThatComesBackAreNotStale(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		follower := c.follower()
		own := c.client(follower)
		for round := range 20 {
			rest := c.client(without(c.names, follower)...)
			heal := c.isolate(follower)
			c.put(rest, "k", fmt.Sprint(round))
			written := c.revision(c.leader())
			var read int64
			stop := l.inBackground(func(ctx context.Context) {
				if resp, err := own.Get(ctx, "k"); err == nil && read == 0 {
					read = resp.Header.Revision
				}
				pass(time.Millisecond)
			})
			pass(time.Duration(round) * 333 * time.Millisecond)
			heal()
			c.eventually(time.Minute, "a read", func() bool { return read != 0 })
			stop()
			require.GreaterOrEqual(t, read, written)
		}
	})
}

// twoWatchesCatchUp leaves one of two watches further behind than etcd catches up with in one pass.
func twoWatchesCatchUp(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		follower := c.follower()
		cli, own := c.client(c.leader()), c.client(follower)
		often, seldom := own.Watch(l.ctx, "often", clientv3.WithCreatedNotify()), own.Watch(l.ctx, "seldom", clientv3.WithCreatedNotify())
		require.True(t, (<-often).Created)
		require.True(t, (<-seldom).Created)
		// The store of the member is ahead of two new watches that begin in the past.
		from := c.revision(follower) + 1
		const updates = 1100
		c.put(cli, "seldom", "v")
		for i := range updates {
			_, err := cli.Put(l.ctx, "often", fmt.Sprint(i))
			require.NoError(t, err)
			pass(time.Millisecond)
		}
		pass(time.Second)
		late := []clientv3.WatchChan{own.Watch(l.ctx, "often", clientv3.WithRev(from)), own.Watch(l.ctx, "seldom", clientv3.WithRev(from))}
		for received := 0; received < updates; {
			r := <-late[0]
			require.NoError(t, r.Err())
			received += len(r.Events)
		}
		require.Len(t, (<-late[1]).Events, 1)
	})
}

func TestWatchesFarBehindCatchUp(t *testing.T) { twoWatchesCatchUp(t) }

// asProduction tells the test in a child process to undo the seam that keeps etcd from panicking.
const asProduction = "STORMWATCH_PRODUCTION_WATCH_BATCH"

// A store whose pass over its watches takes no measurable time, as in virtual time, or on a system whose clock is coarse, panics when the pass leaves
// one of several watches behind (etcd #22296).
func TestEtcdPanicsWhereCatchingUpTakesNoTime(t *testing.T) {
	if os.Getenv(asProduction) != "" {
		virtual.UseProductionWatchBatch()
		twoWatchesCatchUp(t)
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), asProduction+"=1")
	out, err := child.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "panic: non-positive interval for Ticker.Reset")
	require.Contains(t, string(out), "mvcc.(*watchableStore).syncWatchersLoop")
}

// Raft goes on in a member that applies nothing: it keeps its leader, says that it is well, and its watches are silent.
func TestAMemberThatAppliesNothingKeepsItsWatchesSilent(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		follower := c.follower()
		own := c.client(follower)
		ctx := clientv3.WithRequireLeader(l.ctx)
		watch := own.Watch(ctx, "k", clientv3.WithCreatedNotify())
		require.True(t, (<-watch).Created)
		heal := c.throw(follower, point.Apply, point.Hang)
		c.put(c.client(c.leader()), "k", "v")
		for range 10 {
			require.NoError(t, own.RequestProgress(ctx))
			require.True(t, next(watch, time.Second).IsProgressNotify(), "it answers, at its old revision")
			require.Nil(t, next(watch, time.Minute), "no event and no error")
		}
		heal()
		require.Len(t, (<-watch).Events, 1)
	})
}
