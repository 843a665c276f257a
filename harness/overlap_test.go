package harness_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/record"
)

// What faults that overlap do to the harness itself. Each was found by a drawn schedule that blamed a good manager or could not be judged.

// writing is the plain manager in a world that has one more program.
func writing(run func(context.Context, *harness.Ledger) error) harness.Candidate {
	w := counters.Workload()
	w.Programs = func() []harness.Program {
		return []harness.Program{{Name: "counter", Run: counters.Count}, {Name: "writer", Run: run}}
	}
	c := plain()
	c.Workloads = []*harness.Workload{w}
	return c
}

// notes are the lines of the timeline that contain a text.
func notes(r *harness.Result, text string) (lines []string) {
	for _, n := range r.Record.Notes {
		if strings.Contains(n.Text, text) {
			lines = append(lines, n.Text)
		}
	}
	return lines
}

// A put that waits at a hung member is carried out when that is healed. By then the key has been deleted, and must not come back.
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
		// The first attempt goes to the leader, which is slow to answer, the next to the first of the others.
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

// A leader that applies late answers late. Attempts that are given up too early never succeed, and the load would stop.
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

// etcd tells the term of the last entry that a member has applied: one that applies nothing leads in a term that it does not tell.
func TestALeaderThatAppliesNothingIsSeen(t *testing.T) {
	led := false
	execute(t, three, plain(), func(w *harness.World) {
		w.StartManager()
		alpha := w.Cluster("alpha")
		m := alpha.Followers()[0]
		w.Inject(fault.HangApply(m))
		w.Inject(fault.MoveLeader(alpha.Followers()[1])) // another term
		w.Inject(fault.MoveLeader(m))
		led = alpha.Leader() == m
	})
	require.True(t, led)
}

// What is left of a manager is asked of the member that knows the most: a leader may be slow to learn that a lease was revoked.
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

// leasing is a manager that has a lease in alpha while it manages that. It asks the followers.
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

// A member that is started again without a quorum serves when there is one, and nothing waits for that.
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

// Nobody can revoke a lease of a cluster that has lost its quorum.
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
