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

// Scenario is a story of what happens to a manager's clusters, written once for every engine.
type Scenario struct {
	// Name is how the command and the catalogue call it, in kebab case.
	Name string
	// Summary is one sentence, Incident the real event it stands for.
	Summary, Incident string
	Clusters          []Spec
	// Load starts the fakes, before the manager.
	Load func(*World)
	// Body is the story. It must start the manager.
	Body func(*World)
}

// Candidate is a manager to be tested: its name, what it is in one sentence, and how to make one.
type Candidate struct {
	Name    string
	Summary string
	New     NewManager
}

// Options are a run's. The zero value is a run with seed 0, the engine's timing and nothing written anywhere.
type Options struct {
	Seed   uint64
	Timing *bound.Timing // nil: the engine's
	Dir    string        // where the world makes its directory; empty: where the engine likes it
	Log    *zap.Logger   // etcd's and the manager's; nil: none
}

// Run executes a scenario in a test and reports each failed verdict to t, with the transcript. It blocks until the world is
// closed.
func Run(t testing.TB, e Engine, s Scenario, c Candidate, o Options) *Result {
	t.Helper()
	if o.Dir == "" && e.Dir() == "" {
		o.Dir = t.TempDir()
	}
	result := Execute(t.Context(), e, s, c, o)
	if !result.Passed {
		t.Errorf("%s\n%s", result, result.Record.Transcript(record.TranscriptOptions{}))
	}
	return result
}

// Execute runs a scenario and judges the manager. It blocks until the world is closed, which it is whatever happens: a scenario
// that cannot go on, panics, or is interrupted by ctx ends in a result with a failed verdict of its own.
func Execute(ctx context.Context, e Engine, s Scenario, c Candidate, o Options) *Result {
	result := &Result{
		Scenario: s.Name, Engine: e.Name(), Manager: c.Name, Seed: o.Seed,
		Again: Again(s.Name, e.Name(), c.Name, o.Seed),
	}
	began := time.Now()
	rec, failure := record.Empty(), error(nil)
	ended := e.Run(func() { rec, failure = execute(ctx, e, s, c, o) })
	result.Wall = time.Since(began)
	result.judge(rec, errors.Join(failure, ended))
	return result
}

// Again is the command that runs a scenario again.
func Again(scenario, engine, manager string, seed uint64) string {
	return fmt.Sprintf("stormwatch run %s --engine %s --manager %s --seed %d", scenario, engine, manager, seed)
}

// execute is a run in the engine's time.
func execute(ctx context.Context, e Engine, s Scenario, c Candidate, o Options) (rec *record.Record, failure error) {
	w, err := newWorld(ctx, e, o)
	if err != nil {
		return record.Empty(), err
	}
	w.newManager = c.New
	// Deferred, since a story may also end in runtime.Goexit: a test's FailNow does.
	defer func() {
		w.outer = context.Background() // closing is not interrupted
		// A scenario that ended early may have left faults in force; what the manager holds of a frozen member cannot be told.
		w.healAll()
		err := w.guard(w.closeManager)
		if stop := w.stop(); stop != nil {
			err = errors.Join(err, fmt.Errorf("close the world: %w", stop))
		}
		rec, failure = w.recorder.Finish(), errors.Join(failure, err)
	}()
	return nil, w.tell(s)
}

// tell runs the story and lets the world settle after it.
func (w *World) tell(s Scenario) error {
	if err := w.start(s.Clusters); err != nil {
		return err
	}
	return w.guard(func() {
		if s.Load != nil {
			s.Load(w)
		}
		s.Body(w)
		if w.managed.Load() == nil {
			w.fail("scenario %s never starts its manager: its body must call StartManager", s.Name)
		}
		w.settle()
	})
}

// settle heals what is in force, waits until every view is fresh again, and then until it is complete with the load at rest, so
// that the oracles can compare it with the ledger.
func (w *World) settle() {
	w.healAll()
	for _, c := range w.clusters {
		if w.managed.Load().manages(c) {
			w.requireFresh("settled", c, w.Bounds().Failover())
		}
	}
	for _, c := range w.clusters {
		c.Quiet()
	}
	w.await(w.Bounds().Calm(), func() bool {
		for _, c := range w.clusters {
			if w.managed.Load().manages(c) && !w.recorder.Complete(c.name) {
				return false
			}
		}
		return true
	})
}

// guard runs a part of the run and returns what ended it early: an error of the world's or a panic. An unmet requirement is no
// error: its verdict says it.
func (w *World) guard(f func()) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil, unmet:
		case abort:
			err = p.err
		default:
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	f()
	return nil
}
