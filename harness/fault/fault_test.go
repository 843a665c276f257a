package fault_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/fakes"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/scenarios"
)

// bench is a world with one cluster, in which a test hurts something and looks at what a client of its own sees.
type bench struct {
	*harness.World
	t     *testing.T
	alpha *harness.Cluster
}

// on runs a test's story in a world. The manager is there because a run needs one; it is not looked at.
func on(t *testing.T, story func(*bench)) {
	t.Helper()
	r := harness.Execute(t.Context(), embedded.Engine{}, harness.Scenario{
		Name: "a-fault", Clusters: []harness.Spec{{Name: "alpha", Members: 3}}, Load: fakes.Load,
		Body: func(w *harness.World) {
			w.StartManager()
			story(&bench{World: w, t: t, alpha: w.Cluster("alpha")})
		},
	}, scenarios.Reference(), harness.Options{Dir: t.TempDir()})
	for _, v := range r.Failed() {
		if v.Oracle == "scenario" {
			t.Error(v.Evidence)
		}
	}
}

// hurt injects a fault, checks how it prints, and returns it for healing.
func (b *bench) hurt(f harness.Fault, text string) *harness.Injection {
	b.t.Helper()
	require.Equal(b.t, text, f.String())
	return b.Inject(f)
}

// require fails the test, and thereby the scenario, unless the condition holds within a failover's time.
func (b *bench) await(holds func() bool, otherwise string) {
	b.t.Helper()
	deadline := time.Now().Add(b.Bounds().Failover())
	for !holds() {
		if time.Now().After(deadline) {
			b.t.Error(otherwise)
			panic(otherwise)
		}
		b.Pass(b.Timing().Observe)
	}
}

func (b *bench) client(m *harness.Member) *clientv3.Client {
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{m.Endpoint()}, Logger: zap.NewNop()})
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = c.Close() })
	return c
}

// put writes through a member within an election's time and says how long it took.
func (b *bench) put(c *clientv3.Client) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), b.Timing().Election)
	defer cancel()
	began := time.Now()
	_, err := c.Put(ctx, "/test", "v")
	return time.Since(began), err
}

// replaced waits for a leader other than old that the others follow.
func (b *bench) replaced(old *harness.Member) {
	b.t.Helper()
	b.await(func() bool {
		for _, m := range b.alpha.Members() {
			if m == old || m.Server() == nil {
				continue
			}
			if l := m.Server().Leader(); l == 0 || old.Server() != nil && l == old.Server().MemberID() {
				return false
			}
		}
		return true
	}, "no other leader")
}

func (b *bench) agree() {
	b.t.Helper()
	b.await(func() bool {
		leader := b.alpha.Members()[0].Server().Leader()
		for _, m := range b.alpha.Members() {
			if m.Server().Leader() != leader {
				return false
			}
		}
		return leader != 0
	}, "the members do not agree on a leader")
}

func TestHangDiskReplacesALeaderThatGoesOnBelievingInItself(t *testing.T) {
	on(t, func(b *bench) {
		old := b.alpha.Leader()
		hang := b.hurt(fault.HangDisk(old), "HangDisk("+old.String()+")")
		b.replaced(old)
		require.Equal(t, old.Server().MemberID(), old.Server().Leader())
		hang.Heal()
		b.agree()
	})
}

func TestSlowDiskSlowsWritesAndKeepsTheLeader(t *testing.T) {
	on(t, func(b *bench) {
		leader := b.alpha.Leader()
		c := b.client(leader)
		delay := b.Timing().Heartbeat
		slow := b.hurt(fault.SlowDisk(leader, delay), "SlowDisk("+leader.String()+", 50ms)")
		b.await(func() bool {
			took, err := b.put(c)
			require.NoError(t, err)
			return took >= delay
		}, "writes are not slower")
		slow.Heal()
		b.await(func() bool {
			took, err := b.put(c)
			return err == nil && took < delay
		}, "writes are slow after the heal")
		require.Equal(t, leader, b.alpha.Leader())
	})
}

func TestAHungApplyStopsEventsAndNotTheRest(t *testing.T) {
	on(t, func(b *bench) {
		leader, follower := b.alpha.Leader(), b.alpha.Followers()[0]
		_, _, watch := b.observed(follower)
		hang := b.hurt(fault.HangApply(follower), "HangApply("+follower.String()+")")
		b.Pass(b.Timing().Heartbeat)
		_, err := b.put(b.client(leader))
		require.NoError(t, err)
		_, err = b.next(watch)
		require.Error(t, err, "the follower applied it")
		require.Equal(t, leader, b.alpha.Leader())
		hang.Heal()
		_, err = b.next(watch)
		require.NoError(t, err)
		// So slow that it can still follow: fakes commit several entries a load interval.
		slow := b.hurt(fault.SlowApply(follower, b.Timing().Load/10), "SlowApply("+follower.String()+", 5ms)")
		_, err = b.put(b.client(leader))
		require.NoError(t, err)
		_, err = b.next(watch)
		require.NoError(t, err, "slow is not dead")
		slow.Heal()
		delay := b.Timing().Heartbeat
		slow = b.hurt(fault.SlowApply(follower, delay), "SlowApply("+follower.String()+", 50ms)")
		b.await(func() bool {
			// A member answers a write once it has applied it.
			took, _ := b.put(b.client(follower))
			return took >= delay/2
		}, "entries are applied as before")
		slow.Heal()
	})
}

func TestCutsReplaceTheLeaderAndHeal(t *testing.T) {
	for name, cut := range map[string]func(b *bench, leader *harness.Member, others []*harness.Member) (harness.Fault, string){
		"isolate": func(_ *bench, l *harness.Member, _ []*harness.Member) (harness.Fault, string) {
			return fault.Isolate(l), "Isolate(" + l.String() + ")"
		},
		"partition": func(_ *bench, l *harness.Member, o []*harness.Member) (harness.Fault, string) {
			return fault.Partition([]*harness.Member{l}, o), "Partition([" + l.String() + "], [" + o[0].String() + " " + o[1].String() + "])"
		},
		"one way": func(_ *bench, l *harness.Member, o []*harness.Member) (harness.Fault, string) {
			return fault.PartitionOneWay([]*harness.Member{l}, o), "PartitionOneWay([" + l.String() + "], [" + o[0].String() + " " + o[1].String() + "])"
		},
	} {
		t.Run(name, func(t *testing.T) {
			on(t, func(b *bench) {
				old := b.alpha.Leader()
				f, text := cut(b, old, b.alpha.Followers())
				injection := b.hurt(f, text)
				b.replaced(old)
				injection.Heal()
				b.agree()
			})
		})
	}
}

func TestFreezeStopsPeersAndClients(t *testing.T) {
	on(t, func(b *bench) {
		old := b.alpha.Leader()
		c := b.client(old)
		_, err := b.put(c)
		require.NoError(t, err)
		freeze := b.hurt(fault.Freeze(old), "Freeze("+old.String()+")")
		b.replaced(old)
		_, err = b.put(c)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		freeze.Heal()
		b.agree()
		b.await(func() bool {
			_, err := b.put(c)
			return err == nil
		}, "the client is still stuck")
	})
}

func TestBlackholeStopsClientsOnly(t *testing.T) {
	on(t, func(b *bench) {
		leader := b.alpha.Leader()
		c := b.client(leader)
		_, err := b.put(c)
		require.NoError(t, err)
		hole := b.hurt(fault.Blackhole(leader), "Blackhole("+leader.String()+")")
		_, err = b.put(c)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = b.put(b.client(leader))
		require.ErrorIs(t, err, context.DeadlineExceeded, "a new connection is no better")
		require.Equal(t, leader, b.alpha.Leader())
		hole.Heal()
		b.await(func() bool {
			_, err := b.put(c)
			return err == nil
		}, "the client is still stuck")
	})
}

func TestRefuseTurnsAwayNewConnectionsOnly(t *testing.T) {
	on(t, func(b *bench) {
		m := b.alpha.Leader()
		c := b.client(m)
		_, err := b.put(c)
		require.NoError(t, err)
		refuse := b.hurt(fault.Refuse(m), "Refuse("+m.String()+")")
		_, err = b.put(c)
		require.NoError(t, err)
		_, err = b.put(b.client(m))
		require.Error(t, err)
		refuse.Heal()
		_, err = b.put(b.client(m))
		require.NoError(t, err)
	})
}

func TestResetCutsWhatIsOpenAndWhatComes(t *testing.T) {
	on(t, func(b *bench) {
		m := b.alpha.Leader()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		watch := b.client(m).Watch(ctx, "/test", clientv3.WithCreatedNotify())
		require.True(t, (<-watch).Created)
		reset := b.hurt(fault.Reset(m), "Reset("+m.String()+")")
		b.await(func() bool { return len(b.alpha.WatchMembers()) == 0 || !sits(b, m) }, "a watch is still open on the member")
		_, err := b.put(b.client(m))
		require.Error(t, err)
		reset.Heal()
		_, err = b.put(b.client(m))
		require.NoError(t, err)
	})
}

func sits(b *bench, m *harness.Member) bool {
	for _, seat := range b.alpha.WatchMembers() {
		if seat == m {
			return true
		}
	}
	return false
}

func TestDelayClientsDelaysBothWays(t *testing.T) {
	on(t, func(b *bench) {
		m := b.alpha.Leader()
		c := b.client(m)
		_, err := b.put(c)
		require.NoError(t, err)
		delay := b.Timing().Heartbeat
		slow := b.hurt(fault.DelayClients(m, delay), "DelayClients("+m.String()+", 50ms)")
		took, err := b.put(c)
		require.NoError(t, err)
		require.GreaterOrEqual(t, took, 2*delay)
		slow.Heal()
		b.await(func() bool {
			took, err := b.put(c)
			return err == nil && took < 2*delay
		}, "still slow")
	})
}

// observed is a watch of the test's own on a member.
func (b *bench) observed(m *harness.Member) (c *clientv3.Client, ctx context.Context, watch clientv3.WatchChan) {
	c = b.client(m)
	ctx, cancel := context.WithCancel(b.t.Context())
	b.t.Cleanup(cancel)
	watch = c.Watch(ctx, "/test", clientv3.WithCreatedNotify())
	require.True(b.t, (<-watch).Created)
	return c, ctx, watch
}

// next is the watch's next response, or an error after an election's time.
func (b *bench) next(watch clientv3.WatchChan) (clientv3.WatchResponse, error) {
	timer := time.NewTimer(b.Timing().Election)
	defer timer.Stop()
	select {
	case r := <-watch:
		return r, r.Err()
	case <-timer.C:
		return clientv3.WatchResponse{}, errors.New("nothing")
	}
}

func TestDroppedProgressLeavesEvents(t *testing.T) {
	for name, drop := range map[string]func(*harness.Member) harness.Fault{
		"DropProgress": fault.DropProgress, "DropProgressRequests": fault.DropProgressRequests,
	} {
		t.Run(name, func(t *testing.T) {
			on(t, func(b *bench) {
				m := b.alpha.Leader()
				c, ctx, watch := b.observed(m)
				injection := b.hurt(drop(m), name+"("+m.String()+")")
				require.NoError(t, c.RequestProgress(ctx))
				_, err := b.next(watch)
				require.Error(t, err)
				_, err = b.put(c)
				require.NoError(t, err)
				r, err := b.next(watch)
				require.NoError(t, err)
				require.Len(t, r.Events, 1)
				injection.Heal()
				require.NoError(t, c.RequestProgress(ctx))
				r, err = b.next(watch)
				require.NoError(t, err)
				require.True(t, r.IsProgressNotify())
			})
		})
	}
}

func TestWithheldEventsAreOvertakenByProgressAndArriveInOrder(t *testing.T) {
	on(t, func(b *bench) {
		m := b.alpha.Leader()
		c, ctx, watch := b.observed(m)
		withhold := b.hurt(fault.WithholdEvents(m), "WithholdEvents("+m.String()+")")
		for range 3 {
			_, err := b.put(c)
			require.NoError(t, err)
		}
		require.NoError(t, c.RequestProgress(ctx))
		r, err := b.next(watch)
		require.NoError(t, err)
		require.True(t, r.IsProgressNotify())
		withhold.Heal()
		var revision int64
		for range 3 {
			r, err := b.next(watch)
			require.NoError(t, err)
			require.Len(t, r.Events, 1)
			require.Greater(t, r.Events[0].Kv.ModRevision, revision)
			revision = r.Events[0].Kv.ModRevision
		}
	})
}

func TestDelayWatchDelaysEvents(t *testing.T) {
	on(t, func(b *bench) {
		m := b.alpha.Leader()
		c, _, watch := b.observed(m)
		delay := b.Timing().Heartbeat
		b.hurt(fault.DelayWatch(m, delay), "DelayWatch("+m.String()+", 50ms)")
		_, err := b.put(c)
		require.NoError(t, err)
		began := time.Now()
		_, err = b.next(watch)
		require.NoError(t, err)
		require.Greater(t, time.Since(began), delay/2)
	})
}

func TestKillAndRestart(t *testing.T) {
	on(t, func(b *bench) {
		m := b.alpha.Leader()
		kill := b.hurt(fault.Kill(m), "Kill("+m.String()+")")
		require.Nil(t, m.Server())
		b.replaced(m)
		kill.Heal()
		require.NotNil(t, m.Server())
		before := m.Server()
		b.hurt(fault.Restart(m), "Restart("+m.String()+")")
		require.NotNil(t, m.Server())
		require.NotSame(t, before, m.Server())
		b.agree()
	})
}

func TestMoveLeaderMovesItWhereItIsTold(t *testing.T) {
	on(t, func(b *bench) {
		to := b.alpha.Followers()[1]
		b.hurt(fault.MoveLeader(to), "MoveLeader("+to.String()+")")
		b.agree()
		require.Equal(t, to, b.alpha.Leader())
	})
}

func TestMembersComeAndGo(t *testing.T) {
	on(t, func(b *bench) {
		b.hurt(fault.AddMember(b.alpha), "AddMember(alpha)")
		require.Len(t, b.alpha.Members(), 4)
		require.Equal(t, "alpha/m4", b.alpha.Members()[3].String())
		gone := b.alpha.Leader()
		b.hurt(fault.RemoveMember(gone), "RemoveMember("+gone.String()+")")
		require.NotContains(t, b.alpha.Members(), gone)
		b.agree()
	})
}

func TestOverlappingFaultsHealOneByOne(t *testing.T) {
	on(t, func(b *bench) {
		leader := b.alpha.Leader()
		others := b.alpha.Followers()
		isolate := b.hurt(fault.Isolate(leader), "Isolate("+leader.String()+")")
		cut := b.Inject(fault.Partition([]*harness.Member{leader}, others))
		isolate.Heal()
		b.replaced(leader)
		b.Pass(2 * b.Timing().Election)
		require.Equal(t, 0, int(leader.Server().Leader()), "the partition was healed with the isolation")
		cut.Heal()
		b.agree()
	})
}
