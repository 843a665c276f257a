package harness_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/version"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// TestBothEnginesAnswerAlike makes the same observations on both engines. The embedded engine runs etcd as users do, so if the two differ, the virtual
// engine is wrong.
func TestBothEnginesAnswerAlike(t *testing.T) {
	// Embedded clusters mostly wait, so they are observed in parallel. The virtual engine needs its process to itself.
	real := make([][]string, len(observations))
	t.Run("embedded", func(t *testing.T) {
		for i, o := range observations {
			t.Run(o.name, func(t *testing.T) {
				t.Parallel()
				const attempts = 3
				for range attempts {
					real[i] = observe(t, embedded.Engine{}, o.look)
					require.NotEmpty(t, real[i])
					if answer, may := disturbed[o.name]; !may || !slices.Contains(real[i], answer) {
						break
					}
					t.Logf("an entry of etcd's own has disturbed the observation: %q", real[i])
				}
			})
		}
	})
	for i, o := range observations {
		t.Run(o.name, func(t *testing.T) {
			simulated := observe(t, virtual.New(t, 1), o.look)
			require.Equal(t, strings.Join(real[i], "\n"), strings.Join(simulated, "\n"))
			t.Logf("\n  %s", strings.Join(simulated, "\n  "))
		})
	}
}

// disturbed has the answers of embedded members, by the names of observations, that say that etcd's own work has disturbed the observation. It is made again.
var disturbed = map[string]string{"a follower that applies nothing": "status: timeout"}

var observations = []struct {
	name string
	look func(*lab)
}{
	{"a healthy leader", func(l *lab) { l.ask(l.leader()) }},
	{"a leader whose disk hangs", func(l *lab) {
		old := l.leader()
		l.watchOn(old)
		l.throw(old, point.WALSave, point.Hang)
		l.newLeader(old)
		l.ask(old)
		l.board.Close()
		l.healed(old)
	}},
	{"a follower whose disk hangs", func(l *lab) {
		follower := l.others(l.leader())[0]
		l.watchOn(follower)
		l.throw(follower, point.WALSave, point.Hang)
		l.pass(4 * l.timing.Election)
		l.ask(follower)
		l.board.Close()
		l.healed(follower)
	}},
	{"a follower that applies nothing", func(l *lab) {
		// Some seconds after its start, etcd commits an entry that sets the cluster's version. If the embedded follower hung while it applies
		// that entry, it would hold a lock that every call needs. So we wait until the version is set. On a busy machine etcd may propose such an
		// entry again. An entry that updates a member's addresses, committed while the follower hangs, has the same effect.
		want := version.Cluster(version.Version) + ".0"
		l.await("the cluster's version", func() bool {
			for _, m := range l.names {
				direct, err := l.members.Direct(m)
				require.NoError(l.t, err)
				// etcd sets the storage version after the cluster's version, so this shows that both are set.
				if st, err := direct.Client.Status(l.ctx, ""); err != nil || st.StorageVersion != want {
					return false
				}
			}
			return true
		})
		follower := l.others(l.leader())[0]
		l.watchOn(follower)
		l.throw(follower, point.Apply, point.Hang)
		l.pass(l.timing.Heartbeat)
		l.ask(follower)
		l.board.Close()
		l.healed(follower)
	}},
	{"a leader that is isolated", func(l *lab) {
		old := l.leader()
		l.watchOn(old)
		l.isolate(old)
		l.newLeader(old)
		l.pass(4 * l.timing.Election)
		l.ask(old)
		l.board.Close()
		l.healed(old)
	}},
	{"a follower that is isolated", func(l *lab) {
		follower := l.others(l.leader())[0]
		l.watchOn(follower)
		l.isolate(follower)
		l.pass(6 * l.timing.Election)
		l.ask(follower)
		l.board.Close()
		l.healed(follower)
	}},
	{"a leader that is not heard", func(l *lab) {
		old := l.leader()
		l.watchOn(old)
		for _, m := range l.others(old) {
			l.throw(old, point.PeerSend(m), point.Drop)
		}
		next := l.newLeader(old)
		l.pass(4 * l.timing.Election)
		// It hears the new leader. If the machine stalls for an election timeout, it follows nobody for a moment.
		l.await("a follower", func() bool { return l.members.Status(old).Leader == l.members.Status(next).ID })
		l.ask(old)
		l.board.Close()
		l.healed(old)
	}},
	{"a member that is frozen", func(l *lab) {
		frozen := l.others(l.leader())[0]
		l.watchOn(frozen)
		for _, m := range l.others(frozen) {
			l.throw(frozen, point.PeerSend(m), point.Hang)
			l.throw(m, point.PeerSend(frozen), point.Hang)
		}
		l.throw(frozen, point.ClientRead, point.Hang)
		l.throw(frozen, point.ClientWrite, point.Hang)
		l.throw(frozen, point.ClientAccept, point.Hang)
		l.ask(frozen)
		l.board.Close()
		l.healed(frozen)
	}},
	{"a member that was killed and is back", func(l *lab) {
		victim := l.leader()
		l.put(victim, "/conformance", "before")
		require.NoError(l.t, l.members.Kill(l.ctx, victim))
		l.newLeader(victim)
		l.put(l.others(victim)[0], "/conformance", "meanwhile")
		require.NoError(l.t, l.members.Restart(l.ctx, victim))
		l.say("it knows %s", l.read(victim, "/conformance"))
		l.ask(victim)
	}},
	{"a watch whose start is compacted", func(l *lab) {
		m := l.leader()
		c := l.client(m)
		for range 5 {
			l.put(m, "/conformance", "v")
		}
		resp, err := c.Get(l.ctx, "/conformance")
		require.NoError(l.t, err)
		_, err = c.Compact(l.ctx, resp.Header.Revision)
		require.NoError(l.t, err)
		r := <-c.Watch(l.ctx, "/conformance", clientv3.WithRev(2))
		l.say("canceled %v, %v, compacted at the revision asked for %v", r.Canceled, r.Err(), r.CompactRevision == resp.Header.Revision)
	}},
	{"a watch where nobody writes any more", func(l *lab) {
		m := l.leader()
		l.put(m, "/conformance", "the last")
		resp, err := l.client(m).Get(l.ctx, "/conformance")
		require.NoError(l.t, err)
		for i, name := range []string{"the last revision", "the next revision"} {
			ctx, cancel := context.WithCancel(l.ctx)
			c := l.client(m)
			watch := c.Watch(ctx, "/conformance", clientv3.WithRev(resp.Header.Revision+int64(i)), clientv3.WithCreatedNotify())
			l.say("from %s: %s", name, l.next(watch, l.timing.Election))
			l.say("the watch gives: %s", l.next(watch, l.timing.Election))
			err := c.RequestProgress(ctx)
			l.say("asked for progress (%v): %s", err, l.next(watch, l.timing.Election))
			cancel()
		}
	}},
	{"a lease over changes of the leader", func(l *lab) {
		old := l.leader()
		c := l.client(l.others(old)[0])
		lease, err := c.Grant(l.ctx, 60)
		require.NoError(l.t, err)
		_, err = c.Put(l.ctx, "/leased", "v", clientv3.WithLease(lease.ID))
		require.NoError(l.t, err)
		require.NoError(l.t, l.members.Kill(l.ctx, old))
		now := l.newLeader(old)
		l.say("the key stands: %s", l.read(now, "/leased"))
		alive, err := c.KeepAliveOnce(l.ctx, lease.ID)
		require.NoError(l.t, err)
		l.say("renewed through a member to %d s", alive.TTL)
		_, err = l.client(now).Revoke(l.ctx, lease.ID)
		require.NoError(l.t, err)
		_, err = c.KeepAliveOnce(l.ctx, lease.ID)
		l.say("once revoked: %v", err)
		l.say("the key is gone: %s", l.read(now, "/leased"))
		require.NoError(l.t, l.members.Restart(l.ctx, old))
	}},
	{"membership", func(l *lab) {
		require.NoError(l.t, l.members.Add(l.ctx, "m4"))
		l.names = append(l.names, "m4")
		list, err := l.client("m4").MemberList(l.ctx)
		require.NoError(l.t, err)
		l.say("%d members after adding one", len(list.Members))
		l.put("m4", "/conformance", "through the new one")
		leader := l.leader()
		require.NoError(l.t, l.members.Remove(l.ctx, leader))
		l.names = l.others(leader)
		l.newLeader(leader)
		l.put("m4", "/conformance", "without the old leader")
		list, err = l.client("m4").MemberList(l.ctx)
		require.NoError(l.t, err)
		l.say("%d members after removing one, leader removed %v", len(list.Members), l.leader() != leader)
		l.say("it knows %s", l.read(l.names[0], "/conformance"))
	}},
}
