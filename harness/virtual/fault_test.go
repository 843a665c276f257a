package virtual_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/point"
)

func TestLeaderMoves(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		leader, to := c.leader(), c.follower()
		c.moveLeader(leader, to)
		require.Equal(t, to, c.leader())
	})
}

func TestLeaseSurvivesALeaderChangeAndIsRenewedThroughAFollower(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		lease, err := c.client().Grant(l.ctx, 10)
		require.NoError(t, err)
		for range 3 {
			leader, follower := c.leader(), c.follower()
			cli := c.client(follower)
			for range 5 { // each renewal at the follower is a request to the leader
				pass(6 * time.Second)
				kept, err := cli.KeepAliveOnce(l.ctx, lease.ID)
				require.NoError(t, err)
				require.EqualValues(t, 10, kept.TTL)
			}
			c.moveLeader(leader, follower)
		}
		pass(13 * time.Second)
		_, err = c.client().KeepAliveOnce(l.ctx, lease.ID)
		require.ErrorIs(t, err, rpctypes.ErrLeaseNotFound)
	})
}

// Requests between members pass the same points as raft messages, so a follower that is cut off cannot renew leases at the leader.
func TestPartitionStopsLeaseForwardingToo(t *testing.T) {
	for name, cut := range map[string]func(c *labCluster, follower, leader string) func(){
		"request lost": func(c *labCluster, f, l string) func() { return c.throw(f, point.PeerSend(l), point.Drop) },
		"answer lost":  func(c *labCluster, f, l string) func() { return c.throw(f, point.PeerRecv(l), point.Drop) },
		"request held": func(c *labCluster, f, l string) func() { return c.throw(l, point.PeerRecv(f), point.Hang) },
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				c := l.cluster("alpha", 3)
				leader, follower := c.leader(), c.follower()
				lease, err := c.client(leader).Grant(l.ctx, 60)
				require.NoError(t, err)
				cli := c.client(follower)
				heal := cut(c, follower, leader)
				start := time.Now()
				ctx, cancel := context.WithTimeout(l.ctx, 500*time.Millisecond)
				defer cancel()
				_, err = cli.KeepAliveOnce(ctx, lease.ID)
				require.Error(t, err)
				require.Equal(t, 500*time.Millisecond, time.Since(start), "the request's own deadline ends the wait")
				heal()
				c.eventually(10*time.Second, "renewal after the heal", func() bool {
					ctx, cancel := context.WithTimeout(l.ctx, time.Second)
					defer cancel()
					_, err = cli.KeepAliveOnce(ctx, lease.ID)
					return err == nil
				})
			})
		})
	}
}

// A leader whose disk hangs becomes a stale leader: the others elect another, and the old one does not notice it, for hours.
func TestHungLeaderForHours(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		old := c.leader()
		rest := c.client(without(c.names, old)...)
		own := c.client(old)
		watching := clientv3.WithRequireLeader(l.ctx)
		watch := own.Watch(watching, "k", clientv3.WithCreatedNotify())
		<-watch
		heal := c.throw(old, point.WALSave, point.Hang)
		start := time.Now()
		require.NotEqual(t, old, c.leader(old))
		require.Less(t, time.Since(start), 4*time.Second)
		c.put(rest, "k", "written without it")

		for range 2 {
			pass(time.Hour)
			require.True(t, c.Status(old).Leads(), "it still believes in itself")
			require.NoError(t, own.RequestProgress(watching))
			progress := <-watch
			require.True(t, progress.IsProgressNotify(), "it answers progress requests")
			require.NoError(t, progress.Err())
			_, err := own.Get(l.ctx, "k", clientv3.WithSerializable())
			require.NoError(t, err, "and serializable reads")
			ctx, cancel := context.WithTimeout(l.ctx, time.Second)
			_, err = own.Get(ctx, "k")
			cancel()
			require.Error(t, err, "but no linearizable ones")
		}
		heal()
		event := <-watch
		require.Len(t, event.Events, 1)
		require.NotEqual(t, old, c.leader())
	})
}

func TestIsolatedFollower(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		leader, follower := c.leader(), c.follower()
		own := c.client(follower)
		term := c.Status(leader).Term
		heal := c.isolate(follower)
		c.put(c.client(leader), "k", "v")
		pass(time.Minute)
		require.Zero(t, c.Status(follower).Leader, "it knows that it has no leader")
		ctx, cancel := context.WithTimeout(l.ctx, time.Second)
		defer cancel()
		_, err := own.Get(ctx, "k")
		require.Error(t, err)
		heal()
		c.eventually(5*time.Second, "key on the follower", func() bool {
			resp, err := own.Get(l.ctx, "k", clientv3.WithSerializable())
			return err == nil && len(resp.Kvs) == 1
		})
		require.Equal(t, leader, c.leader(), "pre-vote keeps it from disturbing the leader")
		require.Equal(t, term, c.Status(leader).Term)
	})
}

// A leader that can send but not receive steps down. A follower that can send but not receive asks for votes without success.
func TestOneWayPartitions(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		leader := c.leader()
		var heals []func()
		for _, f := range without(c.names, leader) {
			heals = append(heals, c.throw(leader, point.PeerRecv(f), point.Drop))
		}
		c.eventually(10*time.Second, "another leader", func() bool { return !c.Status(leader).Leads() })
		for _, heal := range heals {
			heal()
		}
		leader = c.leader()
		cutOff := c.follower()
		heal := c.throw(cutOff, point.PeerRecv(leader), point.Drop)
		pass(time.Minute)
		require.Equal(t, leader, c.leader())
		heal()
		c.put(c.client(cutOff), "k", "v")
	})
}

func TestFrozenMember(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		leader := c.leader()
		own := c.client(leader)
		watch := own.Watch(l.ctx, "k", clientv3.WithCreatedNotify())
		<-watch
		var heals []func()
		for _, p := range []point.Name{point.ClientAccept, point.ClientRead, point.ClientWrite} {
			heals = append(heals, c.throw(leader, p, point.Hang))
		}
		for _, other := range without(c.names, leader) {
			heals = append(heals, c.throw(leader, point.PeerSend(other), point.Hang), c.throw(leader, point.PeerRecv(other), point.Hang))
		}
		c.leader(leader)
		c.put(c.client(without(c.names, leader)...), "k", "v")
		ctx, cancel := context.WithTimeout(l.ctx, 2*time.Second)
		defer cancel()
		_, err := own.Get(ctx, "k", clientv3.WithSerializable())
		require.Error(t, err, "it answers nothing")
		require.Empty(t, watch)
		for _, heal := range heals {
			heal()
		}
		event := <-watch
		require.NoError(t, event.Err())
		require.NotEmpty(t, event.Events)
	})
}

// Entries that wait to be applied are committed all the same; only this member does not show them.
func TestHungApply(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		leader, follower := c.leader(), c.follower()
		heal := c.throw(follower, point.Apply, point.Hang)
		c.put(c.client(leader), "k", "v")
		pass(time.Minute)
		require.Equal(t, leader, c.leader())
		resp, err := c.client(follower).Get(l.ctx, "k", clientv3.WithSerializable())
		require.NoError(t, err)
		require.Empty(t, resp.Kvs)
		heal()
		pass(time.Millisecond)
		resp, err = c.client(follower).Get(l.ctx, "k", clientv3.WithSerializable())
		require.NoError(t, err)
		require.Len(t, resp.Kvs, 1)
	})
}

// A delay is a latency, not a rate: a message that is sent while another waits is not delayed any longer for that.
func TestDelayedPeerIsSlowAndKeepsItsOrder(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		leader := c.leader()
		for _, other := range without(c.names, leader) {
			_, err := l.env.Board.Throw(l.env.Board.Path(c.name, leader, point.PeerSend(other)), `return("30ms")`)
			require.NoError(t, err)
			_, err = l.env.Board.Throw(l.env.Board.Path(c.name, leader, point.PeerRecv(other)), `return("20ms")`)
			require.NoError(t, err)
		}
		cli := c.client(leader)
		pass(time.Minute)
		for range 10 {
			start := time.Now()
			_, err := cli.Put(l.ctx, "k", "v")
			require.NoError(t, err)
			require.Equal(t, 50*time.Millisecond, time.Since(start), "there and back")
		}
		const together = 50
		done, start := make(chan error, together), time.Now()
		for range together {
			go func() {
				_, err := cli.Put(l.ctx, "k", "v")
				done <- err
			}()
		}
		for range together {
			require.NoError(t, <-done)
		}
		require.LessOrEqual(t, time.Since(start), 100*time.Millisecond)
		require.Equal(t, leader, c.leader())
	})
}

// raft and etcd still work when half of all messages are lost.
func TestLossyNetwork(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		for _, a := range c.names {
			for _, b := range without(c.names, a) {
				_, err := l.env.Board.Throw(l.env.Board.Path(c.name, a, point.PeerSend(b)), `50%return("drop")`)
				require.NoError(t, err)
			}
		}
		cli := c.client()
		for range 20 {
			c.put(cli, "k", "v")
		}
	})
}

func TestNoSpaceAlarm(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		cli := c.client()
		alarm := &etcdserverpb.AlarmRequest{
			Action: etcdserverpb.AlarmRequest_ACTIVATE, MemberID: c.Status("m1").ID, Alarm: etcdserverpb.AlarmType_NOSPACE,
		}
		_, err := etcdserverpb.NewMaintenanceClient(cli.ActiveConnection()).Alarm(l.ctx, alarm)
		require.NoError(t, err)
		_, err = cli.Put(l.ctx, "k", "v")
		require.ErrorIs(t, err, rpctypes.ErrNoSpace)
		_, err = cli.AlarmDisarm(l.ctx, &clientv3.AlarmMember{})
		require.NoError(t, err)
		c.put(cli, "k", "v")
	})
}

// Close ends a cluster in which something hangs.
func TestCloseEndsWhatHangs(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		cli := c.client()
		watch := cli.Watch(l.ctx, "k", clientv3.WithCreatedNotify())
		<-watch
		for _, m := range c.names {
			for _, p := range []point.Name{point.WALSave, point.Apply, point.ClientAccept, point.ClientRead, point.ClientWrite} {
				c.throw(m, p, point.Hang)
			}
			for _, other := range without(c.names, m) {
				c.throw(m, point.PeerSend(other), point.Hang)
			}
		}
		written := make(chan error, 10)
		for range cap(written) {
			go func() {
				ctx, cancel := context.WithTimeout(l.ctx, time.Minute)
				defer cancel()
				_, err := cli.Put(ctx, "k", "v")
				written <- err
			}()
		}
		pass(10 * time.Second)
		require.NoError(t, c.Kill(l.ctx, "m1"))
		require.NoError(t, c.Members.Close())
		for range cap(written) {
			require.Error(t, <-written)
		}
	})
}

// A member whose disk hangs can be killed and restarted. It then also has the writes that waited for the disk when it was killed.
func TestKillOfAHungMember(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		old := c.leader()
		heal := c.throw(old, point.WALSave, point.Hang)
		cli := c.client(without(c.names, old)...)
		c.put(cli, "k", "v")
		require.NoError(t, c.Kill(l.ctx, old))
		heal()
		require.NoError(t, c.Restart(l.ctx, old))
		resp, err := c.client(old).Get(l.ctx, "k")
		require.NoError(t, err)
		require.Len(t, resp.Kvs, 1)
	})
}
