package virtual_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

func TestAWatchThatBeginsPastItsMemberIsRecordedAsAhead(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 1)
		cli := c.client()
		c.put(cli, "k", "v")
		reached := c.revision("m1")
		for _, options := range [][]clientv3.OpOption{nil, {clientv3.WithRev(reached)}, {clientv3.WithRev(reached + 1)}} {
			created := <-cli.Watch(l.ctx, "k", append(options, clientv3.WithCreatedNotify())...)
			require.True(t, created.Created)
		}
		var ahead []bool
		l.env.Recorder.Look(func(r *record.Record) {
			for _, w := range r.Watches {
				ahead = append(ahead, w.Ahead)
			}
		})
		require.Equal(t, []bool{false, false, true}, ahead)
	})
}

// A delay is a longer way, not a narrower one: what queues up behind something that waits goes on with it, or an event every half second
// that waits for a second would be later and later.
func TestDelaysDoNotAddUp(t *testing.T) {
	const delay, every = time.Second, 250 * time.Millisecond
	for _, n := range []point.Name{point.WatchEvent, point.Apply} {
		t.Run(string(n), func(t *testing.T) {
			inLab(t, func(l *lab) {
				c := l.cluster("alpha", 3)
				m := c.follower()
				watch := c.client(m).Watch(l.ctx, "k", clientv3.WithCreatedNotify())
				<-watch
				_, err := l.env.Board.Throw(l.env.Board.Path("alpha", m, n), point.Decision{Kind: point.Delay, Delay: delay}.Terms())
				require.NoError(t, err)
				written := map[int64]time.Time{}
				for range 40 {
					resp, err := c.direct(c.leader()).Put(l.ctx, "k", "v")
					require.NoError(t, err)
					written[resp.Header.Revision] = time.Now()
					pass(every)
					for more := true; more; {
						select {
						case r := <-watch:
							for _, e := range r.Events {
								require.LessOrEqual(t, time.Since(written[e.Kv.ModRevision]), 2*delay)
								delete(written, e.Kv.ModRevision)
							}
						default:
							more = false
						}
					}
				}
				require.LessOrEqual(t, len(written), int(2*delay/every))
			})
		})
	}
}
