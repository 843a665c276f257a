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

// Scenario is what happens to a manager's clusters and what is required of the manager. It is written once for every engine, workload and manager.
type Scenario struct {
	// Name is its name in the command and the catalogue, in kebab case.
	Name string
	// Summary describes it in one sentence. Incident is the real incident that it reproduces; empty if there is none.
	Summary, Incident string
	// Clusters are started before Body is called.
	Clusters []Spec
	// Owners says that the scenario is about managers that own things. It is not asked of a manager that claims nothing ([Claimer]), nor with a
	// workload that has nothing to own.
	Owners bool
	// Body is called in the engine's time with all clusters running. It must call [World.StartManager]. When it returns, the world heals all
	// faults, waits until the views should be fresh again, and closes the manager.
	Body func(*World)
}

// Options are the options of a run. The zero value is a run with seed 0, the engine's timing, the candidate's usual workload, and no log.
type Options struct {
	Seed     uint64
	Workload string        // the name of one of the candidate's workloads; empty: its usual one
	Timing   *bound.Timing // nil: the engine's
	Dir      string        // the directory in which the world makes its own; empty: the one that the engine prefers
	Log      *zap.Logger   // receives the log of etcd and of the manager; nil: no log
	// Again is the command that makes the run again, which the result prints. Empty: [Run] makes one, [Execute] prints none.
	Again string
}

// usageError says that the caller asked for a run that is not possible: an unknown name, a wrong value.
type usageError struct{ Err error }

func (e *usageError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *usageError) Unwrap() error { return e.Err }

// notAskedError says that a scenario has nothing to ask of a manager, and why.
type notAskedError struct{ Why string }

func (e *notAskedError) Error() string { return e.Why }

// Run runs a scenario in a test. If a verdict failed, it fails the test with the evidence and the transcript. If the run is not judged, it fails the
// test too and says why; a run that the machine spoilt by a stall is repeated first, see [Repeat]. It blocks until the world is closed.
func Run(t testing.TB, e Engine, s Scenario, c Candidate, o Options) *Result {
	t.Helper()
	if o.Dir == "" && e.Dir() == "" {
		o.Dir = t.TempDir()
	}
	if o.Again == "" {
		o.Again = againInTest(t)
	}
	result := Repeat(t, func() *Result { return Execute(t.Context(), e, s, c, o) })
	switch result.Outcome {
	case record.Failed:
		t.Errorf("%s\n%s", result, result.Record.Transcript(record.TranscriptOptions{}))
	case record.NotJudged:
		t.Errorf("%s", result)
	}
	return result
}

// Execute runs a scenario and judges the manager. It blocks until the world is closed, and closes it whatever happens. If the run cannot go on, panics
// outside of the manager, or is interrupted by the end of ctx, it is not judged, and the result says why. Nor is it if the machine stalled and the run
// did not pass, see [StalledError].
func Execute(ctx context.Context, e Engine, s Scenario, c Candidate, o Options) *Result {
	result := &Result{Scenario: s.Name, Engine: e.Name(), Manager: c.Name, Seed: o.Seed, Again: o.Again}
	if w, err := c.workload(o.Workload); err == nil {
		result.Workload = w.Name
	}
	began := time.Now()
	rec, cause := record.Empty(), error(nil)
	var stalled *StalledError
	ended := e.Run(func() { rec, stalled, cause = execute(ctx, e, s, c, o) })
	result.Wall = time.Since(began)
	if cause == nil {
		cause = blame(rec, ended)
	}
	result.judge(rec, cause)
	if stalled != nil && ctx.Err() == nil {
		result.excuse(stalled)
	}
	return result
}

// blame returns the error of Engine.Run if it is a reason not to judge the run. It is none if the manager left something behind: that does not end with
// the world, and it is on record as a failure of the manager.
func blame(rec *record.Record, ended error) error {
	var stuck interface{ Stuck() bool }
	leaked := len(rec.Left) > 0 || rec.ManagerClose >= 0 && rec.ManagerClosed < 0
	if ended != nil && leaked && !(errors.As(ended, &stuck) && stuck.Stuck()) {
		return nil
	}
	return ended
}

// execute makes a run. It is called in the engine's time. cause says why the run cannot be judged; nil if it can. stalled is nil if the machine kept up.
func execute(ctx context.Context, e Engine, s Scenario, c Candidate, o Options) (rec *record.Record, stalled *StalledError, cause error) {
	w, err := newWorld(ctx, e, c, o)
	if err != nil {
		return record.Empty(), nil, err
	}
	if s.Owners && len(w.workload.Things) == 0 {
		return record.Empty(), nil, errors.Join(&notAskedError{fmt.Sprintf(
			"the scenario is about managers that own things, and the workload %s has nothing to own", w.workload.Name)}, w.stop())
	}
	w.owners = s.Owners
	stalls := watchStalls(w.timing.Slack, w.Elapsed)
	// Deferred, since the scenario's body may also end in runtime.Goexit, as it does when it calls FailNow of a test.
	defer func() {
		w.outer = context.Background() // closing is not interrupted
		// A scenario that ended early may have left faults in force. They are healed first, since leftovers on a frozen member cannot be found.
		w.healAll()
		w.guard(w.closeManagers)
		if err := w.stop(); err != nil {
			w.broken(fmt.Errorf("close the world: %w", err))
		}
		rec, stalled, cause = w.recorder.Finish(), stalls.stop(), w.unjudged()
	}()
	w.play(s)
	return nil, nil, nil
}

// play starts the clusters, calls the scenario's body, and lets the world settle after it.
func (w *World) play(s Scenario) {
	if err := w.start(s.Clusters); err != nil {
		w.broken(err)
		return
	}
	w.guard(func() {
		s.Body(w)
		if len(w.managers) == 0 {
			w.fail("scenario %s never starts its manager: its body must call StartManager", s.Name)
		}
	})
	w.guard(w.settle)
}

// settle heals all faults, waits until each view is fresh again or its deadline has passed, and goes on for Timing.Stay. Then it stops the load and
// waits until all views are complete, so that the oracles can compare them with the ledger. It makes no verdict itself.
func (w *World) settle() {
	w.healAll()
	w.check()
	managers := w.running()
	if len(managers) == 0 {
		return
	}
	everywhere := func(holds func(*managed, *Cluster) bool) bool {
		for _, m := range managers {
			for _, c := range w.clusters {
				if m.manages(c) && !holds(m, c) {
					return false
				}
			}
		}
		return true
	}
	since := w.Elapsed()
	everywhere(func(m *managed, c *Cluster) bool {
		if _, ok := w.awaitCommit(c, since); ok {
			w.awaitFreshOf(m, c, since, m.deadline(c))
		}
		return true
	})
	w.Pass(w.timing.Stay)
	for _, c := range w.clusters {
		c.Rest()
	}
	w.await(w.Bounds().Calm(), func() bool {
		return everywhere(func(m *managed, c *Cluster) bool { return m.recorder.Complete(c.name) })
	})
}

// guard calls f, a part of the run, and recovers from its panics. A panic of a failed requirement only ends f, since its verdict is on record. After
// any other panic the run is not judged.
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
