package harness

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Scenario is a story of what happens to a manager's clusters, written once for every engine, workload and manager.
type Scenario struct {
	// Name is how the command and the catalogue call it, in kebab case.
	Name string
	// Summary is one sentence, Incident the real event it stands for.
	Summary, Incident string
	Clusters          []Spec
	// Body is the story. It must start the manager.
	Body func(*World)
}

// Options are a run's. The zero value is a run with seed 0, the engine's timing, the candidate's usual workload, and nothing written anywhere.
type Options struct {
	Seed     uint64
	Workload string        // the name of one of the candidate's; empty: its usual one
	Timing   *bound.Timing // nil: the engine's
	Dir      string        // where the world makes its directory; empty: where the engine likes it
	Log      *zap.Logger   // etcd's and the manager's; nil: none
	// Again is the command that makes the run again, for evidence.
	Again string
}

// UsageError says that a run was asked for that cannot be: an unknown name, a wrong value.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap is what was wrong.
func (e *UsageError) Unwrap() error { return e.Err }

// Run executes a scenario in a test and reports each failed verdict to t, with the transcript. A run that cannot be judged fails the test
// too, and says so. It blocks until the world is closed.
func Run(t testing.TB, e Engine, s Scenario, c Candidate, o Options) *Result {
	t.Helper()
	if o.Dir == "" && e.Dir() == "" {
		o.Dir = t.TempDir()
	}
	if o.Again == "" {
		o.Again = againInTest(t)
	}
	result := Execute(t.Context(), e, s, c, o)
	switch result.Outcome {
	case record.Failed:
		t.Errorf("%s\n%s", result, result.Record.Transcript(record.TranscriptOptions{}))
	case record.NotJudged:
		t.Errorf("%s", result)
	}
	return result
}

// Execute runs a scenario and judges the manager. It blocks until the world is closed, which it is whatever happens: a run
// that cannot go on, panics outside of the manager, or is interrupted by ctx is not judged, and the result says why.
func Execute(ctx context.Context, e Engine, s Scenario, c Candidate, o Options) *Result {
	result := &Result{Scenario: s.Name, Engine: e.Name(), Manager: c.Name, Seed: o.Seed, Again: o.Again}
	if w, err := c.workload(o.Workload); err == nil {
		result.Workload = w.Name
	}
	began := time.Now()
	rec, cause := record.Empty(), error(nil)
	ended := e.Run(func() { rec, cause = execute(ctx, e, s, c, o) })
	result.Wall = time.Since(began)
	if cause == nil {
		cause = blame(rec, ended)
	}
	result.judge(rec, cause)
	return result
}

// blame says whether an engine's end is a reason not to judge the run. What a manager left behind does not end with the world: that is on
// record already, and is its failure.
func blame(rec *record.Record, ended error) error {
	var stuck interface{ Stuck() bool }
	leaked := len(rec.Left) > 0 || rec.ManagerClose >= 0 && rec.ManagerClosed < 0
	if ended != nil && leaked && !(errors.As(ended, &stuck) && stuck.Stuck()) {
		return nil
	}
	return ended
}

// execute is a run in the engine's time. The cause is why it cannot be judged.
func execute(ctx context.Context, e Engine, s Scenario, c Candidate, o Options) (rec *record.Record, cause error) {
	w, err := newWorld(ctx, e, c, o)
	if err != nil {
		return record.Empty(), err
	}
	// Deferred, since a story may also end in runtime.Goexit: a test's FailNow does.
	defer func() {
		w.outer = context.Background() // closing is not interrupted
		// A scenario that ended early may have left faults in force; what the manager holds of a frozen member cannot be told.
		w.healAll()
		w.guard(w.closeManager)
		if err := w.stop(); err != nil {
			w.broken(fmt.Errorf("close the world: %w", err))
		}
		rec, cause = w.recorder.Finish(), w.unjudged()
	}()
	w.tell(s)
	return nil, nil
}

// tell runs the story and lets the world settle after it.
func (w *World) tell(s Scenario) {
	if err := w.start(s.Clusters); err != nil {
		w.broken(err)
		return
	}
	w.guard(func() {
		s.Body(w)
		if w.managed.Load() == nil {
			w.fail("scenario %s never starts its manager: its body must call StartManager", s.Name)
		}
	})
	w.guard(w.settle)
}

// settle heals what is in force, gives every view the time that it may take to be fresh again, goes on for Timing.Stay, and then waits until all
// views are complete with the load at rest, so that the oracles can compare them with the ledger. It requires nothing: the oracles do.
func (w *World) settle() {
	m := w.managed.Load()
	w.healAll()
	w.check()
	if m == nil {
		return
	}
	managed := func(holds func(*Cluster) bool) bool {
		for _, c := range w.clusters {
			if m.manages(c) && !holds(c) {
				return false
			}
		}
		return true
	}
	since := w.Elapsed()
	for _, c := range w.clusters {
		if m.manages(c) {
			if _, ok := w.awaitCommit(c, since); ok {
				w.awaitFresh(c, since, w.deadline(c))
			}
		}
	}
	w.Pass(w.timing.Stay)
	for _, c := range w.clusters {
		c.Rest()
	}
	w.await(w.Bounds().Calm(), func() bool { return managed(func(c *Cluster) bool { return w.recorder.Complete(c.name) }) })
}

// guard runs a part of the run. An unmet requirement ends it, and its verdict is on record; anything else that ends it early makes the run
// one that cannot be judged.
func (w *World) guard(f func()) {
	defer func() {
		switch p := recover().(type) {
		case nil, unmet:
		case abort:
			w.broken(p.err)
		default:
			w.broken(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	f()
}
