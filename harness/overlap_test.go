package harness_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// The tests in this file are about the effects of overlapping faults on the harness itself. Random schedules found each of them: they failed a good
// manager, or could not be judged.

// writing returns the plain manager with a workload that has run as an additional program.
func writing(run func(context.Context, *harness.Ledger) error) harness.Candidate {
	w := counters.Workload()
	w.Programs = func() []harness.Program {
		return []harness.Program{{Name: "counter", Run: counters.Count}, {Name: "writer", Run: run}}
	}
	c := plain()
	c.Workloads = []*harness.Workload{w}
	return c
}

// notes returns the notes of the record that contain a text.
func notes(r *harness.Result, text string) (lines []string) {
	for _, n := range r.Record.Notes {
		if strings.Contains(n.Text, text) {
			lines = append(lines, n.Text)
		}
	}
	return lines
}

// A put that waits at a hung member is carried out when the member is healed. By then the key has been deleted, and it must stay deleted.
func TestAWriteThatComesLateDoesNothing(t *testing.T) {
	const key = "/else/late"
	subject := harness.Subject{Kind: "else", Name: "late"}
	var left int64 = -1
	c := writing(func(ctx context.Context, l *harness.Ledger) error {
		if err := wait(ctx, 10*time.Second); err != nil {
			return err
		}
		if err := l.Write(ctx, subject, "v", clientv3.OpPut(key, "v")); err != nil {
			return err
		}
		if err := l.Write(ctx, subject, "", clientv3.OpDelete(key)); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	})
	execute(t, three, c, func(w *harness.World) {
		w.StartManager()
		alpha := w.Cluster("alpha")
		// The first attempt goes to the leader, which answers slowly, the second to the first follower, whose disk hangs.
		hang := w.Inject(fault.HangDisk(alpha.Followers()[0]))
		slow := w.Inject(fault.SlowApply(alpha.Leader(), w.Timing().Election*9/10))
		w.Pass(20 * time.Second)
		slow.Heal()
		w.Pass(5 * time.Second)
		hang.Heal()
		w.Pass(5 * time.Second)
		direct, err := alpha.Leader().Direct()
		if err != nil {
			w.Abort(err)
		}
		resp, err := direct.Get(context.Background(), key)
		if err != nil {
			w.Abort(err)
		}
		left = resp.Count
	})
	require.Zero(t, left)
}

// The leader carries out every write and answers too late, so that the next attempt must find that the write was carried out.
func TestAWriteOfARisingSubjectIsCarriedOutOnce(t *testing.T) {
	var version, revision int64
	r := execute(t, three, plain(), func(w *harness.World) {
		w.StartManager()
		alpha := w.Cluster("alpha")
		w.Inject(fault.SlowApply(alpha.Leader(), w.Timing().Election*9/10))
		w.Pass(20 * time.Second)
		alpha.Rest()
		direct, err := alpha.Followers()[0].Direct()
		if err != nil {
			w.Abort(err)
		}
		resp, err := direct.Get(context.Background(), counters.Prefix+"one")
		if err != nil || len(resp.Kvs) == 0 {
			w.Abort(fmt.Errorf("no counter: %w", err))
		}
		version, revision = resp.Kvs[0].Version, resp.Kvs[0].ModRevision
	})
	commits := r.Record.Commits
	require.Greater(t, len(commits), 5)
	require.EqualValues(t, len(commits), version, "each write of the ledger is one put in etcd")
	require.Equal(t, commits[len(commits)-1].Revision, revision)
}

func TestALeaseThatTookAKeyIsToldFromADeletion(t *testing.T) {
	const key = "/else/leased"
	subject := harness.Subject{Kind: "else", Name: "leased"}
	var deleted, lost error
	c := writing(func(ctx context.Context, l *harness.Ledger) error {
		lease, err := l.Grant(ctx)
		if err != nil {
			return err
		}
		put := clientv3.OpPut(key, "v", clientv3.WithLease(lease))
		if err := l.Write(ctx, subject, "v", put); err != nil {
			return err
		}
		deleted = l.Write(ctx, subject, "", clientv3.OpDelete(key))
		if err := l.Write(ctx, subject, "v", put); err != nil {
			return err
		}
		if err := wait(ctx, l.LeaseTTL()+10*time.Second); err != nil {
			return err
		}
		lost = l.Write(ctx, subject, "", clientv3.OpDelete(key))
		<-ctx.Done()
		return ctx.Err()
	})
	execute(t, one, c, func(w *harness.World) {
		w.StartManager()
		w.Pass(w.Timing().LeaseTTL + 2*time.Minute)
	})
	require.NoError(t, deleted)
	require.ErrorIs(t, lost, harness.ErrLeaseLost)
}

// A leader that applies entries late answers late. If every attempt were given up too early, none would succeed, and the load would stop.
func TestALeaderThatIsSlowIsWrittenThrough(t *testing.T) {
	for name, slow := range map[string]func(*harness.Member) fault.Fault{
		"apply": func(m *harness.Member) fault.Fault { return fault.SlowApply(m, 3*time.Second) },
		"disk":  func(m *harness.Member) fault.Fault { return fault.SlowDisk(m, 700*time.Millisecond) },
	} {
		t.Run(name, func(t *testing.T) {
			r := execute(t, one, plain(), func(w *harness.World) {
				w.StartManager()
				w.Inject(slow(w.Cluster("alpha").Leader()))
				w.Pass(time.Minute)
			})
			require.NotEqual(t, record.NotJudged, r.Outcome, r.String())
		})
	}
}

// etcd reports the term of the last entry that a member has applied. So a leader that applies nothing reports an older term than the one in which it
// leads.
func TestALeaderThatAppliesNothingIsSeen(t *testing.T) {
	led := false
	execute(t, three, plain(), func(w *harness.World) {
		w.StartManager()
		alpha := w.Cluster("alpha")
		m := alpha.Followers()[0]
		w.Inject(fault.HangApply(m))
		w.Inject(fault.MoveLeader(alpha.Followers()[1])) // so that the term changes
		w.Inject(fault.MoveLeader(m))
		led = alpha.Leader() == m
	})
	require.True(t, led)
}

// A member that was restarted must apply entries before it serves, and may win an election before that. Until it serves, the harness cannot see that it
// leads, but can write through the other members.
func TestALeaderThatDoesNotServeIsWrittenThrough(t *testing.T) {
	r := execute(t, three, plain(), func(w *harness.World) {
		w.StartManager()
		leader := w.Cluster("alpha").Leader()
		w.Inject(fault.HangApply(leader))
		w.Inject(fault.Restart(leader))
		w.Inject(fault.Freeze(w.Cluster("alpha").Leader()))
		w.Pass(time.Minute)
	})
	require.NotEqual(t, record.NotJudged, r.Outcome, r.String())
}

// Leftovers of a manager are read from the member that has applied the most: a leader may be slow to apply that a lease was revoked.
func TestALeaderThatAppliesLateHidesNoRevocation(t *testing.T) {
	c := altered(func(m harness.Manager) harness.Manager { return &leasing{Manager: m} })
	clusters := []harness.Spec{{Name: "alpha", Members: 3}, {Name: "beta", Members: 1}}
	r := execute(t, clusters, c, func(w *harness.World) {
		alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
		w.StartManager()
		w.Inject(fault.HangApply(alpha.Leader()))
		w.Manage(beta)
	})
	require.Empty(t, r.Record.Left)
}

// leasing is a manager that has a lease in alpha while it manages alpha. It sends its requests to the followers.
type leasing struct {
	harness.Manager
	client *clientv3.Client
	lease  clientv3.LeaseID
}

func (l *leasing) Apply(ctx context.Context, targets []harness.Target) error {
	if err := l.Manager.Apply(ctx, targets); err != nil {
		return err
	}
	if targets[0].Cluster == "alpha" {
		var err error
		if l.client, err = clientv3.New(targets[0].Config()); err != nil {
			return err
		}
		granted, err := l.client.Grant(ctx, 60)
		if err == nil {
			l.lease = granted.ID
		}
		return err
	}
	return l.drop(ctx)
}

func (l *leasing) drop(ctx context.Context) error {
	if l.client == nil {
		return nil
	}
	defer func() { l.client = nil }()
	for _, endpoint := range l.client.Endpoints() {
		l.client.SetEndpoints(endpoint)
		attempt, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		_, err := l.client.Revoke(attempt, l.lease)
		cancel()
		if err == nil {
			break
		}
	}
	return l.client.Close()
}

func (l *leasing) Close() error {
	_ = l.drop(context.Background())
	return l.Manager.Close()
}

func TestALoadThatCannotComeToRestGoesOn(t *testing.T) {
	var refused error
	r := execute(t, one, plain(), func(w *harness.World) {
		w.StartManager()
		alpha := w.Cluster("alpha")
		hang := w.Inject(fault.HangDisk(alpha.Leader()))
		w.Pass(2 * w.Timing().Load)
		_, refused = alpha.BringToRest()
		hang.Heal()
	})
	require.ErrorContains(t, refused, "cluster alpha: an update is still under way")
	require.NotEqual(t, record.NotJudged, r.Outcome, r.String())
}

// A member that is restarted without a quorum serves as soon as there is one. The heal that restarts it does not wait until then.
func TestARestartWithoutAQuorumHoldsNothingUp(t *testing.T) {
	var took time.Duration
	r := execute(t, three, plain(), func(w *harness.World) {
		w.StartManager()
		alpha := w.Cluster("alpha")
		leader, followers := alpha.Leader(), alpha.Followers()
		kill := w.Inject(fault.Kill(followers[0]))
		hangs := []*harness.Injection{w.Inject(fault.HangDisk(leader)), w.Inject(fault.HangDisk(followers[1]))}
		began := w.Elapsed()
		kill.Heal()
		took = w.Elapsed() - began
		for _, h := range hangs {
			h.Heal()
		}
		w.RequireFresh(alpha)
	})
	require.NotEqual(t, record.NotJudged, r.Outcome, r.String())
	require.Less(t, took, 15*time.Second)
	require.Len(t, notes(r, "runs, and serves when it can"), 1)
}

// The first attempt to add the member times out but is carried out. From then on the cluster has no quorum until the new member runs.
func TestAMemberThatJoinedUnheardOfIsStarted(t *testing.T) {
	members := 0
	r := execute(t, one, plain(), func(w *harness.World) {
		w.StartManager()
		alpha := w.Cluster("alpha")
		w.Inject(fault.SlowApply(alpha.Leader(), 3*time.Second))
		w.Inject(fault.AddMember(alpha))
		members = len(alpha.Members())
	})
	require.Equal(t, 2, members)
	require.NotEqual(t, record.NotJudged, r.Outcome, r.String())
}

func TestAMemberThatWasRemovedIsNotStartedAgain(t *testing.T) {
	r := execute(t, three, plain(), func(w *harness.World) {
		w.StartManager()
		m := w.Cluster("alpha").Followers()[0]
		kill := w.Inject(fault.Kill(m))
		w.Inject(fault.RemoveMember(m))
		kill.Heal()
	})
	require.NotEqual(t, record.NotJudged, r.Outcome, r.String())
}

// A manager cannot revoke its lease in a cluster that has lost its quorum, so such a lease does not count as left behind.
func TestALeaseThatCannotBeRevokedIsNotLeftBehind(t *testing.T) {
	c := altered(func(m harness.Manager) harness.Manager { return &leasing{Manager: m} })
	r := execute(t, two, c, func(w *harness.World) {
		w.StartManager()
		w.Inject(fault.HangDisk(w.Cluster("alpha").Leader()))
		w.Manage(w.Cluster("beta"))
	})
	require.Empty(t, r.Record.Left)
}

func TestWithoutAQuorumNobodyJoinsOrLeaves(t *testing.T) {
	execute(t, three, plain(), func(w *harness.World) {
		w.StartManager()
		alpha := w.Cluster("alpha")
		leader := alpha.Leader()
		for _, m := range alpha.Members() {
			w.Inject(fault.HangApply(m))
		}
		began := w.Elapsed()
		_, err := w.Begin(fault.AddMember(alpha))
		require.ErrorContains(t, err, "has lost its quorum")
		_, err = w.Begin(fault.RemoveMember(leader))
		require.ErrorContains(t, err, "has lost its quorum")
		require.Equal(t, began, w.Elapsed())
	})
	execute(t, one, plain(), func(w *harness.World) {
		w.StartManager()
		_, err := w.Begin(fault.RemoveMember(w.Cluster("alpha").Leader()))
		require.ErrorContains(t, err, "is the only member of its cluster")
	})
}

// A measured recovery includes the time in which nothing is committed. So a new leader must be written through as soon as it leads: after the attempt
// that is under way, which has half an election timeout, and one pause.
func TestANewLeaderIsWrittenThroughAtOnce(t *testing.T) {
	for seed := range uint64(20) {
		s := harness.Scenario{Name: "a-test", Clusters: three, Body: func(w *harness.World) {
			w.StartManager()
			w.Inject(fault.HangDisk(w.Cluster("alpha").Leader()))
			w.Pass(10 * time.Second)
		}}
		r := harness.Execute(t.Context(), virtual.New(t, seed), s, plain(), harness.Options{Seed: seed})
		timing := r.Record.Timing
		allowed := timing.Election/2 + 2*timing.Heartbeat + timing.Observe
		leader := slices.IndexFunc(r.Record.Leaders, func(l record.Leader) bool { return l.Term > 2 })
		require.Positive(t, leader, "the cluster elects another leader")
		led := r.Record.Leaders[leader].At
		first := slices.IndexFunc(r.Record.Commits, func(c record.Commit) bool { return c.At > led })
		require.LessOrEqual(t, r.Record.Commits[first].At-led, allowed, "seed %d", seed)
	}
}
