package harness_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/record"
)

func TestARivalIsSeenBesideTheFirstManager(t *testing.T) {
	r := execute(t, three, plain(), func(w *harness.World) {
		w.StartManager()
		w.StartRival()
		w.StartRival()
		w.CloseRival()
		w.RequireFresh(w.Cluster("alpha"))
	})
	require.Equal(t, record.Passed, r.Outcome, r.String())
	require.Len(t, r.Record.Others, 2)
	for i, other := range append([]*record.Record{r.Record}, r.Record.Others...) {
		require.Equal(t, i+1, other.Manager)
		require.NotEmpty(t, other.Views)
		require.Len(t, other.Watches, 1, "each manager's own watch, as the member that serves it recorded it")
		require.Len(t, other.Tenures, 1)
		require.NotEmpty(t, other.Connections)
		require.NotEmpty(t, other.Traffic)
		require.Equal(t, r.Record.Commits, other.Commits)
	}
	require.Less(t, r.Record.Others[1].ManagerClosed, r.Record.ManagerClose, "the last one was closed first")
	require.Equal(t, 3, r.Record.Closings[1].Manager)
}

// A fault of one manager is no excuse for another, and does not reach it.
func TestAManagerThatIsCutOffLeavesItsRivalFresh(t *testing.T) {
	var cut *harness.Injection
	r := execute(t, three, counters.Polling(), func(w *harness.World) {
		alpha := w.Cluster("alpha")
		w.StartManager()
		w.StartRival()
		cut = w.Inject(fault.BlackholeManager(alpha, 2))
		w.Pass(10 * w.Bounds().Failover())
		cut.RequireCalm("alpha")
		require.True(t, !w.Lost(alpha, record.LostReach))
	})
	require.Contains(t, failure(t, r, "gentleness"), "manager 2: alpha: the connection to") // it has no keepalive
	rival := r.Record.Others[0]
	require.Empty(t, r.Record.Losses)
	require.Len(t, rival.Losses, 1)
	require.Equal(t, record.LostReach, rival.Losses[0].Of)
	stale := func(r *record.Record) (worst time.Duration) {
		for _, p := range r.Staleness(r.Tenures[0]) {
			worst = max(worst, p.Staleness)
		}
		return worst
	}
	require.Greater(t, stale(rival), 9*r.Record.Bounds().Failover())
	require.Less(t, stale(r.Record), r.Record.Bounds().Failover())
}

func TestWhatARivalGetsWrongFailsTheRunInItsName(t *testing.T) {
	c := plain()
	c.New = func(s harness.Setup) (harness.Manager, error) {
		m, err := plain().New(s)
		if s.Number < 2 {
			return m, err
		}
		return viewing{m, func(cluster string) (harness.View, bool) {
			v, ok := m.View(cluster)
			v.Facts = harness.Facts{{Kind: "counter", Name: "two"}: "7"} // which nobody has written
			return v, ok
		}}, err
	}
	r := execute(t, one, c, func(w *harness.World) {
		w.StartManager()
		w.StartRival()
	})
	require.Equal(t, record.Failed, r.Outcome)
	var said []string
	for _, v := range r.Failed() {
		said = append(said, v.Oracle+": "+v.Evidence)
	}
	require.Contains(t, said[0], "manager 2", said)
}

func TestARivalNeedsAFirstManager(t *testing.T) {
	for why, body := range map[string]func(w *harness.World){
		"StartRival before StartManager": func(w *harness.World) { w.StartRival() },
		"CloseRival before StartRival": func(w *harness.World) {
			w.StartManager()
			w.CloseRival()
		},
		"the scenario starts its manager twice": func(w *harness.World) {
			w.StartManager()
			w.StartManager()
		},
	} {
		r := execute(t, one, plain(), body)
		require.Equal(t, record.NotJudged, r.Outcome, why)
		require.Contains(t, r.Cause, why)
	}
}

// claiming is a manager that claims what it is told to.
type claiming struct {
	harness.Manager
	mu     *sync.Mutex
	claims *[]harness.Claim
}

func (c claiming) Claims(string) []harness.Claim {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.claims
}

// pushing is a claiming manager that pushes its claims too.
type pushing struct {
	claiming
	push *func(string, []harness.Claim)
}

func (p pushing) PushClaims(f func(string, []harness.Claim)) { *p.push = f }

// owned are the claims that a world records of a manager which claims something from one instant to another, in steps of one and a half looks.
func owned(t *testing.T, pushes bool, until func(now time.Time) time.Time) (claimed []record.Ownership, observe time.Duration) {
	t.Helper()
	workload := counters.Workload()
	thing := harness.Thing{Subject: harness.Subject{Kind: "lock", Name: "l"}, Prefix: "/l/"}
	workload.Things = []harness.Thing{thing}
	var mu sync.Mutex
	var claims []harness.Claim
	var push func(string, []harness.Claim)
	c := plain()
	c.Workloads = []*harness.Workload{workload}
	c.New = func(s harness.Setup) (harness.Manager, error) {
		m, err := plain().New(s)
		asked := claiming{m, &mu, &claims}
		if pushes {
			return pushing{asked, &push}, err
		}
		return asked, err
	}
	r := execute(t, one, c, func(w *harness.World) {
		observe = w.Timing().Observe
		w.StartManager()
		set := func(all ...harness.Claim) {
			mu.Lock()
			claims = all
			mu.Unlock()
			if push != nil {
				push("alpha", all)
			}
		}
		claim := harness.Claim{Thing: thing.Subject, Key: "/l/1", Lease: 1}
		if until != nil {
			claim.Until = until(time.Now())
		}
		w.Pass(observe / 2)
		w.Note("begin")
		set(claim)
		w.Pass(observe * 3)
		w.Note("end")
		set()
		w.Pass(observe * 3)
	})
	return r.Record.Owned, observe
}

func TestOfAManagerThatIsAskedAClaimLastsFromTheFirstAnswerToTheLast(t *testing.T) {
	claims, observe := owned(t, false, nil)
	require.Len(t, claims, 1)
	require.Equal(t, 2*observe, claims[0].To-claims[0].From, "two looks less than four, which it would take to see all of it")
	require.Zero(t, claims[0].From%observe)
}

func TestOfAManagerThatPushesAClaimLastsExactlyAsLong(t *testing.T) {
	claims, observe := owned(t, true, nil)
	require.Len(t, claims, 1)
	require.Equal(t, 3*observe, claims[0].To-claims[0].From)
	require.Negative(t, claims[0].Until)
}

func TestAClaimThatSaysUntilWhenEndsThen(t *testing.T) {
	var limit time.Time
	claims, observe := owned(t, true, func(now time.Time) time.Time {
		limit = now.Add(time.Duration(1.5 * float64(50*time.Millisecond)))
		return limit
	})
	require.Len(t, claims, 1)
	require.Equal(t, observe, claims[0].Until-claims[0].From, "half a look has passed when it is claimed")
	require.Greater(t, claims[0].To, claims[0].Until)
}

func TestClaimsThatPanicAreNamed(t *testing.T) {
	workload := counters.Workload()
	workload.Things = []harness.Thing{{Subject: harness.Subject{Kind: "lock", Name: "l"}, Prefix: "/l/"}}
	c := plain()
	c.Workloads = []*harness.Workload{workload}
	c.New = func(s harness.Setup) (harness.Manager, error) {
		m, err := plain().New(s)
		return panicking{m}, err
	}
	r := execute(t, one, c, startManager)
	require.Contains(t, failure(t, r, "honesty"), "Claims panicked: no claims here")
}

type panicking struct{ harness.Manager }

func (panicking) Claims(string) []harness.Claim { panic("no claims here") }

func TestAThingWithoutAnOwnerFailsTheRun(t *testing.T) {
	workload := counters.Workload()
	workload.Things = []harness.Thing{{Subject: harness.Subject{Kind: "lock", Name: "l"}, Prefix: "/l/"}}
	c := plain()
	c.Workloads = []*harness.Workload{workload}
	c.New = func(s harness.Setup) (harness.Manager, error) {
		m, err := plain().New(s)
		return claiming{m, &sync.Mutex{}, &[]harness.Claim{}}, err
	}
	r := execute(t, one, c, func(w *harness.World) {
		w.StartManager()
		w.RequireOwner(w.Cluster("alpha"))
	})
	require.Contains(t, failure(t, r, "owner"), "nobody claims lock l")
}

var _ harness.ClaimPusher = pushing{}

// Each manager's dial options are its own, also after a reload.
func TestEachManagerKeepsItsDialOptions(t *testing.T) {
	c := plain()
	var mu sync.Mutex
	applied := map[int]int{}
	c.New = func(s harness.Setup) (harness.Manager, error) {
		m, err := plain().New(s)
		return counting{m, func() {
			mu.Lock()
			defer mu.Unlock()
			applied[s.Number]++
		}}, err
	}
	r := execute(t, one, c, func(w *harness.World) {
		w.StartManager()
		w.StartRival()
		w.Manage()
		w.Manage(w.Cluster("alpha"))
	})
	require.Equal(t, record.Passed, r.Outcome, r.String())
	require.Equal(t, map[int]int{1: 3, 2: 1}, applied, "a reload is the first manager's")
	require.Len(t, r.Record.Tenures, 2)
	require.Len(t, r.Record.Others[0].Tenures, 1)
}

type counting struct {
	harness.Manager
	noted func()
}

func (a counting) Apply(ctx context.Context, targets []harness.Target) error {
	a.noted()
	return a.Manager.Apply(ctx, targets)
}
