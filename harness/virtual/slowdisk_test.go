package virtual_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/point"
)

// late is how late events came at most, in a cluster with slow disks.
type late struct {
	sinceBegun    time.Duration // counted from the begin of the write
	sinceResponse time.Duration // counted from the response to the writer
}

// lateness measures it for a watch on a follower, whose disk is slow if follower is set; that of the leader is if leader is set. Two writers write
// through the leader, at random instants. If reads is set, a third client reads through the follower every few seconds.
func lateness(t *testing.T, members int, delay, length time.Duration, leader, follower, reads bool) (worst late) {
	t.Helper()
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", members)
		leading, following := c.leader(), c.follower()
		for m, is := range map[string]bool{leading: leader, following: follower} {
			if is {
				_, err := l.env.Board.Throw(l.env.Board.Path("alpha", m, point.WALSave), point.Decision{Kind: point.Delay, Delay: delay}.Terms())
				require.NoError(t, err)
			}
		}
		var clients sync.WaitGroup
		ctx, cancel := context.WithTimeout(l.ctx, length)
		defer cancel()
		again := func(seed uint64, least, most time.Duration, f func(n int)) {
			random := rand.New(rand.NewPCG(seed, uint64(delay)))
			for n := 0; ctx.Err() == nil; n++ {
				f(n)
				select {
				case <-time.After(least + time.Duration(random.Int64N(int64(most-least)))):
				case <-ctx.Done():
				}
			}
		}
		seen := map[string]time.Duration{}
		events := c.client(following).Watch(ctx, "/", clientv3.WithPrefix())
		clients.Go(func() {
			for r := range events {
				for _, e := range r.Events {
					seen[string(e.Kv.Key)] = l.since()
				}
			}
		})
		type write struct{ begun, response time.Duration }
		var written [2]map[string]write
		for i := range written {
			written[i] = map[string]write{}
			writer := c.client(leading)
			clients.Go(func() {
				again(uint64(i), 0, time.Second, func(n int) {
					key, begun := fmt.Sprintf("/%d/%d", i, n), l.since()
					if _, err := writer.Put(ctx, key, ""); err == nil {
						written[i][key] = write{begun, l.since()}
					}
				})
			})
		}
		if reads {
			reader := c.client(following)
			clients.Go(func() {
				again(2, 4*time.Second, 6*time.Second, func(int) { _, _ = reader.Get(ctx, "/") })
			})
		}
		clients.Wait()
		shown := 0
		for _, of := range written {
			for key, w := range of {
				if at, ok := seen[key]; ok { // the last ones came too late for the watch
					shown++
					worst.sinceBegun = max(worst.sinceBegun, at-w.begun)
					worst.sinceResponse = max(worst.sinceResponse, at-w.response)
				}
			}
		}
		require.Greater(t, shown, 200)
	})
	return worst
}

// The bounds on slow disks are sums of the waits in etcd's raft loop. Nothing comes later than they say, and they say no more than what happens.
func TestASlowDiskDelaysEventsAsMuchAsItsBoundSays(t *testing.T) {
	const ms = time.Millisecond
	b := bound.Bounds{Timing: bound.Production()}
	for _, test := range []struct {
		name             string
		members          int
		delay            time.Duration
		leader, follower bool
		reads            bool
		// loose says that the bound on the lateness since the response is not reached. The disk of the leader delays no event, but its member may
		// become a follower while the fault lasts.
		loose bool
	}{
		{"a follower that the quorum needs", 2, 300 * ms, false, true, false, false},
		{"with reads whose round is short", 2, 150 * ms, false, true, true, false},
		{"with reads that hold the raft loop up", 2, 250 * ms, false, true, true, false},
		{"a follower that the quorum does not need", 3, 150 * ms, false, true, true, false},
		{"a leader", 3, 150 * ms, true, false, true, true},
		{"both", 2, 90 * ms, true, true, true, true},
		{"both, with reads that hold the raft loop up twice", 2, 250 * ms, true, true, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var event, write, round time.Duration
			for _, slow := range []bool{test.leader, test.follower} {
				if slow {
					event += b.SlowDisk(test.delay)
					write += b.SlowWrite(test.delay)
					round += b.ReadRound(test.delay)
				}
			}
			if test.reads {
				event += b.ReadHold(round)
			}
			length := 5 * time.Minute
			if test.leader && test.follower && test.reads {
				length = 30 * time.Minute // that one read holds up both loops is rare
			}
			worst := lateness(t, test.members, test.delay, length, test.leader, test.follower, test.reads)
			t.Logf("%v of %v since the response, %v of %v since the begin", worst.sinceResponse, event, worst.sinceBegun, write)
			require.LessOrEqual(t, worst.sinceResponse, event)
			require.LessOrEqual(t, worst.sinceBegun, write)
			if !test.loose {
				require.GreaterOrEqual(t, 10*worst.sinceResponse, 6*event, "a bound that is never approached is as wrong as one that is broken")
			}
		})
	}
}
