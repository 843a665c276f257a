package virtual_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/stormwatch/stormwatch/harness/point"
)

func TestClusterStartsWithOneThreeAndFiveMembers(t *testing.T) {
	for _, n := range []int{1, 3, 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			inLab(t, func(l *lab) {
				c := l.cluster("alpha", n)
				cli := c.client()
				c.put(cli, "k", "v")
				members, err := cli.MemberList(l.ctx)
				require.NoError(t, err)
				require.Len(t, members.Members, n)
				for _, name := range c.names {
					c.awaitVersion(name)
				}
			})
		})
	}
}

func TestMembersAdvertiseTheirEndpointsAndServeHealth(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		cli := c.client("m2")
		members, err := cli.MemberList(l.ctx)
		require.NoError(t, err)
		for _, m := range members.Members {
			require.Equal(t, []string{c.Endpoint(m.Name)}, m.ClientURLs)
		}
		status, err := cli.Status(l.ctx, c.Endpoint("m2"))
		require.NoError(t, err)
		require.Empty(t, status.Errors)
		health, err := grpc_health_v1.NewHealthClient(cli.ActiveConnection()).Check(l.ctx, &grpc_health_v1.HealthCheckRequest{})
		require.NoError(t, err)
		require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, health.Status)
	})
}

func TestClustersDoNotReachEachOther(t *testing.T) {
	inLab(t, func(l *lab) {
		alpha, beta := l.cluster("alpha", 1), l.cluster("beta", 1)
		require.NotEqual(t, alpha.Endpoint("m1"), beta.Endpoint("m1"))
		lost, err := clientv3.New(clientv3.Config{Endpoints: []string{beta.Endpoint("m1")}, DialOptions: alpha.DialOptions(1)})
		require.NoError(t, err)
		defer lost.Close()
		ctx, cancel := context.WithTimeout(l.ctx, time.Second)
		defer cancel()
		_, err = lost.Get(ctx, "k")
		require.Error(t, err)
		require.Zero(t, alpha.Connections("m1")+beta.Connections("m1"))
	})
}

func TestKilledMemberComesBackWithItsData(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		leader := c.leader()
		cli := c.client()
		c.put(cli, "k", "before")
		require.NoError(t, c.Kill(l.ctx, leader))
		require.NoError(t, c.Kill(l.ctx, leader), "killing twice does nothing")
		require.False(t, c.Status(leader).Up)
		require.Zero(t, c.Connections(leader))
		c.put(cli, "k", "meanwhile")
		require.NotEqual(t, leader, c.leader())

		require.NoError(t, c.Restart(l.ctx, leader))
		require.ErrorContains(t, c.Restart(l.ctx, leader), "runs already")
		own := c.client(leader)
		c.eventually(time.Second, "key on the restarted member", func() bool {
			resp, err := own.Get(l.ctx, "k", clientv3.WithSerializable())
			return err == nil && len(resp.Kvs) == 1 && string(resp.Kvs[0].Value) == "meanwhile"
		})
	})
}

func TestOneMemberKeepsItsDataOverAKill(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 1)
		cli := c.client()
		for i := range 5 {
			c.put(cli, "k", fmt.Sprint(i))
			require.NoError(t, c.Kill(l.ctx, "m1"))
			require.NoError(t, c.Restart(l.ctx, "m1"))
		}
		resp, err := cli.Get(l.ctx, "k")
		require.NoError(t, err)
		require.Equal(t, "4", string(resp.Kvs[0].Value))
		require.EqualValues(t, 5, resp.Kvs[0].Version)
	})
}

func TestKillCutsConnections(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		follower := c.follower()
		cli := c.client(follower)
		watch := cli.Watch(l.ctx, "k", clientv3.WithCreatedNotify())
		<-watch
		require.Equal(t, 1, c.Connections(follower))
		require.NoError(t, c.Kill(l.ctx, follower))
		require.Zero(t, c.Connections(follower))
		ctx, cancel := context.WithTimeout(l.ctx, time.Second)
		defer cancel()
		_, err := cli.Get(ctx, "k")
		require.Error(t, err)
	})
}

func TestAllMembersKilledComeBackTogether(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		cli := c.client()
		c.put(cli, "k", "v")
		for _, m := range c.names {
			require.NoError(t, c.Kill(l.ctx, m))
		}
		require.ErrorContains(t, c.Restart(l.ctx, "m1"), "member alpha/m1: it runs and does not serve yet")
		require.False(t, c.Status("m1").Up)
		require.NoError(t, c.Restart(l.ctx, "m2"))
		c.eventually(10*time.Second, "service of m1, which waited for a quorum", func() bool { return c.Status("m1").Up })
		require.NoError(t, c.Restart(l.ctx, "m3"))
		resp, err := cli.Get(l.ctx, "k")
		require.NoError(t, err)
		require.Equal(t, "v", string(resp.Kvs[0].Value))
	})
}

func TestLaggingFollowerCatchesUpBySnapshot(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		follower := c.follower()
		cli := c.client(c.leader())
		require.NoError(t, c.Kill(l.ctx, follower))
		const updates = 6000 // the leader keeps 5000 in its log
		for i := range updates {
			_, err := cli.Put(l.ctx, fmt.Sprintf("k%d", i%10), fmt.Sprint(i))
			require.NoError(t, err)
		}
		require.NoError(t, c.Restart(l.ctx, follower))
		revision := c.revision(c.leader())
		c.eventually(10*time.Second, "catching up", func() bool { return c.revision(follower) == revision })
		// The member still takes part in the cluster, and its fault points still work.
		heal := c.throw(follower, point.Apply, point.Hang)
		_, err := cli.Put(l.ctx, "k", "v")
		require.NoError(t, err)
		pass(time.Second)
		require.Equal(t, revision, c.revision(follower))
		heal()
		c.eventually(time.Second, "applying", func() bool { return c.revision(follower) == revision+1 })
	})
}

func TestMembersCanBeAddedAndRemoved(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		cli := c.client()
		c.put(cli, "k", "v")
		require.NoError(t, c.Add(l.ctx, "m4"))
		require.ErrorContains(t, c.Add(l.ctx, "m4"), "already")
		c.names = append(c.names, "m4")
		own := c.client("m4")
		resp, err := own.Get(l.ctx, "k")
		require.NoError(t, err)
		require.Equal(t, "v", string(resp.Kvs[0].Value))
		c.put(own, "k", "by m4")

		leader := c.leader()
		require.NoError(t, c.Remove(l.ctx, leader))
		require.False(t, c.Status(leader).Up)
		c.put(cli, "k", "without the old leader")
		members, err := own.MemberList(l.ctx)
		require.NoError(t, err)
		require.Len(t, members.Members, 3)
		require.ErrorContains(t, c.Kill(l.ctx, leader), "has no member")

		require.NoError(t, c.Kill(l.ctx, "m4"))
		require.NoError(t, c.Remove(l.ctx, "m4"))
		c.put(cli, "k", "without m4")
		require.NoError(t, c.Add(l.ctx, "m4"), "wiped, it can join again")
		c.awaitVersion("m4")
	})
}

func TestJoiningMemberTakesASnapshot(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 1)
		cli := c.client()
		for i := range 6000 {
			_, err := cli.Put(l.ctx, "k", fmt.Sprint(i))
			require.NoError(t, err)
		}
		// Having taken a snapshot, etcd refuses to write through a member until somebody else has written.
		stop := l.inBackground(func(ctx context.Context) {
			_, _ = cli.Put(ctx, "other", "v")
			pass(100 * time.Millisecond)
		})
		require.NoError(t, c.Add(l.ctx, "m2"))
		require.NoError(t, c.Add(l.ctx, "m3"))
		stop()
		resp, err := c.client("m3").Get(l.ctx, "k")
		require.NoError(t, err)
		require.Equal(t, "5999", string(resp.Kvs[0].Value))
		require.NoError(t, c.Remove(l.ctx, "m1"))
		c.put(c.client("m2", "m3"), "k", "v")
	})
}

func TestLastMemberIsNotRemoved(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 1)
		require.ErrorContains(t, c.Remove(l.ctx, "m1"), "no other member runs")
		require.True(t, c.Status("m1").Up)
	})
}

// A member that somebody else removes learns of it and stops by itself, as etcd does.
func TestMemberRemovedByAClientStops(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		cli := c.client(c.leader())
		victim := c.follower()
		pass(6 * time.Second) // etcd wants to have heard its members for 5 s
		_, err := cli.MemberRemove(l.ctx, c.Status(victim).ID)
		require.NoError(t, err)
		c.eventually(10*time.Second, "end of the removed member", func() bool { return !c.Status(victim).Up })
	})
}

// A member that is cut off while it is removed learns of its removal when it next calls its peers.
func TestMemberRemovedBehindItsBackStops(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		cli := c.client(c.leader())
		victim := c.follower()
		id := c.Status(victim).ID
		heal := c.isolate(victim)
		pass(6 * time.Second)
		_, err := cli.MemberRemove(l.ctx, id)
		require.NoError(t, err)
		pass(10 * time.Second)
		require.True(t, c.Status(victim).Up)
		heal()
		c.eventually(10*time.Second, "end of the removed member", func() bool { return !c.Status(victim).Up })
	})
}

func TestReconfigurationIsRefusedWhileItWouldCostTheQuorum(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		leader := c.leader()
		cli := c.client(leader)
		pass(6 * time.Second)
		victims := without(c.names, leader)
		require.NoError(t, c.Kill(l.ctx, victims[0]))
		_, err := cli.MemberAdd(l.ctx, []string{"unix://x:1"})
		require.ErrorContains(t, err, "unhealthy cluster")
		_, err = cli.MemberRemove(l.ctx, c.Status(victims[1]).ID)
		require.ErrorContains(t, err, "unhealthy cluster")
	})
}

func TestDialIsRefusedByAMemberThatIsDown(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 1)
		require.NoError(t, c.Kill(l.ctx, "m1"))
		ctx, cancel := context.WithTimeout(l.ctx, time.Second)
		defer cancel()
		_, err := c.client().Get(ctx, "k")
		require.Error(t, err)
		require.True(t, strings.Contains(err.Error(), "refused") || ctx.Err() != nil, err)
	})
}

// Members are killed and restarted, added and removed, while clients write, read and watch.
func TestMembersChangeUnderTraffic(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		var stops []func()
		for range 4 {
			cli := c.client()
			for _, call := range []func(context.Context) error{
				func(ctx context.Context) error { _, err := cli.Put(ctx, "k", "v"); return err },
				func(ctx context.Context) error { _, err := cli.Get(ctx, "k"); return err },
				func(ctx context.Context) error { _, err := cli.Get(ctx, "k", clientv3.WithSerializable()); return err },
				func(ctx context.Context) error { _, err := cli.Grant(ctx, 5); return err },
				func(ctx context.Context) error {
					for range cli.Watch(clientv3.WithRequireLeader(ctx), "k") { // to the end
					}
					return nil
				},
			} {
				stops = append(stops, l.inBackground(func(ctx context.Context) {
					attempt, end := context.WithTimeout(ctx, time.Second)
					defer end()
					_ = call(attempt) // fails as often as it likes
					pass(70 * time.Millisecond)
				}))
			}
		}
		for i := range 10 {
			victim := c.names[i%3]
			require.NoError(t, c.Kill(l.ctx, victim))
			pass(time.Duration(i) * 300 * time.Millisecond)
			require.NoError(t, c.Restart(l.ctx, victim))
			if i%4 == 3 {
				require.NoError(t, c.Add(l.ctx, "m4"))
				require.NoError(t, c.Remove(l.ctx, "m4"))
			}
		}
		for _, stop := range stops {
			stop()
		}
		c.put(c.client(), "k", "still alive")
	})
}

// Several goroutines kill and restart one member at the same time. Each call succeeds or fails, and the cluster works afterwards.
func TestMembersAreKilledAndRestartedByManyAtOnce(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		var stops []func()
		for i := range 4 {
			stops = append(stops, l.inBackground(func(ctx context.Context) {
				victim := c.names[i%2]
				_ = c.Kill(ctx, victim)    // fails if another goroutine holds the member until ctx ends
				_ = c.Restart(ctx, victim) // fails if another goroutine has restarted it
				pass(time.Duration(i+1) * 100 * time.Millisecond)
			}))
		}
		pass(20 * time.Second)
		for _, stop := range stops {
			stop()
		}
		for _, m := range c.names {
			if !c.Status(m).Up {
				require.NoError(t, c.Kill(l.ctx, m))
				require.NoError(t, c.Restart(l.ctx, m))
			}
		}
		c.put(c.client(), "k", "v")
	})
}

func without(all []string, one string) []string {
	var rest []string
	for _, s := range all {
		if s != one {
			rest = append(rest, s)
		}
	}
	return rest
}
