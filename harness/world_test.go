package harness_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// executeEmbedded runs a scenario of this body on embedded etcd. It requires that afterwards no goroutine and no directory is left.
func executeEmbedded(t *testing.T, clusters []harness.Spec, c harness.Candidate, o harness.Options, body func(*harness.World)) *harness.Result {
	t.Helper()
	before := goleak.IgnoreCurrent()
	o.Dir = t.TempDir()
	r := harness.Execute(t.Context(), embedded.Engine{}, harness.Scenario{Name: "a-test", Clusters: clusters, Body: body}, c, o)
	goleak.VerifyNone(t, before)
	requireEmpty(t, o.Dir)
	return r
}

func requireEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "the world leaves its directory behind")
}

// notJudged requires that a run was not judged, and returns the cause.
func notJudged(t *testing.T, r *harness.Result) string {
	t.Helper()
	require.Equal(t, record.NotJudged, r.Outcome, r.String())
	require.Empty(t, r.Verdicts, "a run that was not judged says nothing of the manager")
	return r.Cause
}

func TestBadWorldsAreNotJudgedAndAreClosed(t *testing.T) {
	for name, c := range map[string]struct {
		clusters []harness.Spec
		body     func(*harness.World)
		want     string
	}{
		"no cluster":            {nil, startManager, "a world needs at least one cluster"},
		"no members":            {[]harness.Spec{{Name: "alpha"}}, startManager, "cluster alpha has 0 members: want 1, 3 or 5"},
		"two members":           {[]harness.Spec{{Name: "alpha", Members: 2}}, startManager, "cluster alpha has 2 members: want 1, 3 or 5"},
		"a name twice":          {[]harness.Spec{{Name: "alpha", Members: 1}, {Name: "alpha", Members: 3}}, startManager, `two clusters are called "alpha"`},
		"a name that is a path": {[]harness.Spec{{Name: "../alpha", Members: 1}}, startManager, `cluster name "../alpha": want a lower-case letter`},
		"no manager":            {one, func(*harness.World) {}, "scenario a-test never starts its manager"},
		"the manager twice": {one, func(w *harness.World) {
			w.StartManager()
			w.StartManager()
		}, "the scenario starts its manager twice"},
		"an unknown cluster": {one, func(w *harness.World) { w.Cluster("omega") }, `no cluster "omega" in this world, only [alpha]`},
		"an unknown member":  {one, func(w *harness.World) { w.Cluster("alpha").Member("m7") }, `cluster alpha has no member "m7", only [alpha/m1]`},
		"a fault on a member that is down": {three, func(w *harness.World) {
			m := w.Cluster("alpha").Member("m2")
			w.Inject(fault.Kill(m))
			w.Inject(fault.HangDisk(m))
		}, "HangDisk(alpha/m2): member alpha/m2 is down: restart it first"},
		"a partition of nothing": {one, func(w *harness.World) {
			w.Inject(fault.Partition([]harness.Referrer{w.Cluster("alpha").Member("m1")}, nil))
		}, "Partition([alpha/m1], []): a group is empty"},
		"a panic": {one, func(*harness.World) { panic("at the disco") }, "panic: at the disco"},
	} {
		t.Run(name, func(t *testing.T) {
			r := executeEmbedded(t, c.clusters, plain(), harness.Options{Again: "try it again"}, c.body)
			require.Contains(t, notJudged(t, r), c.want)
			require.Contains(t, r.String(), "not judged: ")
			require.Contains(t, r.String(), "again: try it again")
		})
	}
}

func TestWhatIsAskedForWronglyIsTheCallersMistake(t *testing.T) {
	timing := bound.Compressed()
	timing.Refresh = timing.LeaseTTL
	impatient := plain()
	impatient.Timing = func(m bound.Manager) bound.Manager {
		m.IdleTimeout = m.ProgressInterval
		return m
	}
	foreign := plain()
	foreign.Kinds = []string{"cuonter"}
	homeless := plain()
	homeless.Workloads = nil
	for want, run := range map[string]func() *harness.Result{
		"cannot keep a lease of 3s": func() *harness.Result {
			return executeEmbedded(t, one, plain(), harness.Options{Timing: &timing}, startManager)
		},
		"cannot keep an idle timeout of 1s from firing":                     func() *harness.Result { return executeEmbedded(t, one, impatient, harness.Options{}, startManager) },
		`shows the kind "cuonter", which the workload counters has not got`: func() *harness.Result { return executeEmbedded(t, one, foreign, harness.Options{}, startManager) },
		"candidate watching names no workload":                              func() *harness.Result { return executeEmbedded(t, one, homeless, harness.Options{}, startManager) },
		`cannot be run with the workload "sheep"; it can be with counters`: func() *harness.Result {
			return executeEmbedded(t, one, plain(), harness.Options{Workload: "sheep"}, startManager)
		},
		"a world needs at least one cluster": func() *harness.Result { return executeEmbedded(t, nil, plain(), harness.Options{}, startManager) },
	} {
		r := run()
		require.Contains(t, notJudged(t, r), want)
		require.True(t, r.Usage, want)
	}
}

func TestAWorldClosesWhenItsScenarioFailsWithFaultsInForce(t *testing.T) {
	r := execute(t, three, plain(), func(w *harness.World) {
		alpha := w.Cluster("alpha")
		w.StartManager(harness.WatchOn(alpha.Leader()))
		leader := alpha.Leader()
		w.Inject(fault.HangDisk(leader))
		w.Inject(fault.Freeze(leader)).RequireRecovery(alpha)
	})
	failure(t, r, "freshness")
	require.Less(t, r.Recovery, time.Duration(0))
	for _, f := range r.Record.Faults {
		require.GreaterOrEqual(t, f.To, f.From, "%s was not healed", f.Text)
	}
}

func TestAWorldClosesWhenItsStoryEndsItsGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	dir := t.TempDir()
	ended := make(chan struct{})
	go func() { // Goexit is what FailNow calls; FailNow itself would fail this test
		defer close(ended)
		harness.Execute(context.Background(), embedded.Engine{}, harness.Scenario{Name: "a-test", Clusters: one, Body: func(w *harness.World) {
			w.StartManager()
			runtime.Goexit()
		}}, plain(), harness.Options{Dir: dir})
	}()
	<-ended
	goleak.VerifyNone(t, before)
	requireEmpty(t, dir)
}

func TestAnInterruptedRunIsNotJudged(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	before := goleak.IgnoreCurrent()
	dir := t.TempDir()
	r := harness.Execute(ctx, embedded.Engine{}, harness.Scenario{Name: "a-test", Clusters: one, Body: func(w *harness.World) {
		w.StartManager()
		interrupt()
		w.Pass(time.Hour)
	}}, plain(), harness.Options{Dir: dir})
	goleak.VerifyNone(t, before)
	requireEmpty(t, dir)
	require.Contains(t, notJudged(t, r), "interrupted")
	require.Less(t, r.Wall, time.Minute)
}

func TestARunWithoutADirectoryIsNotJudged(t *testing.T) {
	r := harness.Execute(t.Context(), virtual.New(t, 1), harness.Scenario{Name: "a-test", Clusters: one, Body: startManager}, plain(),
		harness.Options{Dir: "/no/such/folder"})
	require.Contains(t, notJudged(t, r), "a directory for the run's data in /no/such/folder")
}

func TestARunWhoseWorkloadDiesIsNotJudged(t *testing.T) {
	for name, die := range map[string]func() error{
		"in program writer of cluster alpha, of the workload, ended: out of ink": func() error { return errors.New("out of ink") },
		"ended: it panicked: out of paper":                                       func() error { panic("out of paper") },
		"ended: it returned":                                                     func() error { return nil },
	} {
		w := counters.Workload()
		w.Programs = func() []harness.Program {
			return []harness.Program{
				{Name: "counter", Run: counters.Count},
				{Name: "writer", Run: func(ctx context.Context, _ *harness.Ledger) error {
					if err := wait(ctx, time.Minute); err != nil {
						return err
					}
					return die()
				}},
			}
		}
		c := plain()
		c.Workloads = []*harness.Workload{w}
		r := execute(t, one, c, startManager)
		require.Contains(t, "in "+notJudged(t, r), name)
	}
}

// If a kind of facts is not written, a run says nothing about a manager that shows that kind.
func TestARunInWhichAKindIsNotWrittenIsNotJudged(t *testing.T) {
	w := counters.Workload()
	w.Kinds = append(w.Kinds, harness.Kind{Name: "sheep", Every: 1})
	c := plain()
	c.Workloads = []*harness.Workload{w}
	r := execute(t, one, c, startManager)
	require.Equal(t, record.NotJudged, r.Outcome, r.String())
	require.Contains(t, r.Cause, "load: alpha: nothing of kind sheep was written")
	c.Kinds = []string{"counter"} // a manager that does not show the kind is judged all the same
	require.Equal(t, record.Passed, execute(t, one, c, startManager).Outcome)
}

// stuck is an engine that reports that its time stood still.
type stuck struct{ harness.Engine }

func (s stuck) Run(body func()) error {
	return errors.Join(s.Engine.Run(body), stoodStill{})
}

type stoodStill struct{}

func (stoodStill) Error() string { return "virtual time has stood still" }
func (stoodStill) Stuck() bool   { return true }

// A lock that is held across a wait stops virtual time, but is no mistake of the manager. So the run is not judged, even if the manager could not be
// closed.
func TestARunWhoseTimeStoodStillIsNotJudged(t *testing.T) {
	s := harness.Scenario{Name: "a-test", Clusters: one, Body: startManager}
	c := altered(func(m harness.Manager) harness.Manager {
		return applying{m, func(ctx context.Context, targets []harness.Target) error {
			go leakedLoop()
			return m.Apply(ctx, targets)
		}}
	})
	r := harness.Execute(t.Context(), stuck{virtual.New(t, 1)}, s, c, harness.Options{Seed: 1})
	require.Contains(t, notJudged(t, r), "virtual time has stood still")
}

func TestWhatAManagerNeverSetOutToDoIsNotAsked(t *testing.T) {
	r := execute(t, three, plain(), func(w *harness.World) {
		alpha := w.Cluster("alpha")
		w.StartManager(harness.WatchOn(alpha.Leader()))
		resume := alpha.Rest()
		w.Inject(fault.DropProgress(alpha.Leader())).RequireIdleTimeout(alpha)
		resume()
	})
	require.Equal(t, record.Passed, r.Outcome, r.String())
	asked := map[string]record.Outcome{}
	for _, v := range r.Verdicts {
		asked[v.Oracle] = v.Outcome
	}
	for _, oracle := range []string{"idle timeout", "idle timeout said", "own keys"} {
		require.Equal(t, record.NotAsked, asked[oracle], oracle)
	}
}

// wait blocks for d. It returns an error if ctx ends first.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
