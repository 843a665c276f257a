package harness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// World is everything one run holds: clusters, links, clock, manager, record. A scenario is a function of it. Its methods
// are for the scenario's goroutine; one that cannot do what it is asked ends the scenario, which then fails with that error.
type World struct {
	// Rand is the run's source of randomness, drawn from its seed.
	Rand *rand.Rand

	seed uint64

	engine   Engine
	timing   bound.Timing
	log      *zap.Logger
	dir      string
	outer    context.Context // asked for its error only: it may belong to another clock
	ctx      context.Context // ends when the world closes
	cancel   context.CancelFunc
	board    *point.Board
	recorder *record.Recorder
	clusters []*Cluster

	actors    errgroup.Group
	observers sync.WaitGroup

	newManager NewManager
	managed    atomic.Pointer[managed] // nil before StartManager
	injected   []*Injection
}

// Cluster finds a cluster by name. A name that is not there ends the scenario.
func (w *World) Cluster(name string) *Cluster {
	for _, c := range w.clusters {
		if c.name == name {
			return c
		}
	}
	w.fail("no cluster %q in this world, only %v", name, w.clusters)
	return nil
}

// Clusters are all clusters in the order of the scenario.
func (w *World) Clusters() []*Cluster { return slices.Clone(w.clusters) }

// Timing is the timing in force.
func (w *World) Timing() bound.Timing { return w.timing }

// Bounds are the bounds that follow from it.
func (w *World) Bounds() bound.Bounds { return bound.Bounds{Timing: w.timing} }

// Board holds the world's fault points.
func (w *World) Board() *point.Board { return w.board }

// Recorder is where the world is recorded.
func (w *World) Recorder() *record.Recorder { return w.recorder }

// Elapsed is the time since the world began.
func (w *World) Elapsed() time.Duration { return w.recorder.Now() }

// Note adds a line to the run's timeline.
func (w *World) Note(format string, args ...any) { w.recorder.Note(fmt.Sprintf(format, args...)) }

// Go runs an actor, a fake for example, until the world closes; the actor returns soon after its context ends. An error that is
// not that end goes to the timeline.
func (w *World) Go(name string, actor func(context.Context) error) {
	w.actors.Go(func() error {
		if err := actor(w.ctx); err != nil && w.ctx.Err() == nil {
			w.Note("%s stopped: %v", name, err)
		}
		return nil
	})
}

// Pass lets time pass with everything as it is.
func (w *World) Pass(d time.Duration) {
	w.await(d, func() bool { return false })
}

// await looks at a condition each Observe until it holds or the time is over, and returns whether it holds.
func (w *World) await(within time.Duration, holds func() bool) bool {
	deadline := time.Now().Add(within)
	ticker := time.NewTicker(w.timing.Observe)
	defer ticker.Stop()
	for {
		if holds() {
			return true
		}
		if err := w.outer.Err(); err != nil {
			panic(abort{fmt.Errorf("interrupted: %w", err)})
		}
		if !time.Now().Before(deadline) {
			return false
		}
		<-ticker.C
	}
}

// abort is what a scenario is ended with.
type abort struct{ err error }

// fail ends the scenario.
func (w *World) fail(format string, args ...any) {
	panic(abort{fmt.Errorf(format, args...)})
}

var clusterName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

func checkSpecs(specs []Spec) error {
	if len(specs) == 0 {
		return errors.New("a world needs at least one cluster")
	}
	var errs []error
	seen := map[string]bool{}
	for _, s := range specs {
		if !clusterName.MatchString(s.Name) {
			errs = append(errs, fmt.Errorf("cluster name %q: want a lower-case letter, then letters, digits and dashes", s.Name))
		}
		if seen[s.Name] {
			errs = append(errs, fmt.Errorf("two clusters are called %q: names must differ", s.Name))
		}
		seen[s.Name] = true
		if !slices.Contains([]int{1, 3, 5}, s.Members) {
			errs = append(errs, fmt.Errorf("cluster %s has %d members: want 1, 3 or 5", s.Name, s.Members))
		}
	}
	return errors.Join(errs...)
}

// newWorld makes a world without clusters. It is called in the engine's time.
func newWorld(ctx context.Context, e Engine, o Options) (*World, error) {
	timing := e.Timing()
	if o.Timing != nil {
		timing = *o.Timing
	}
	if err := timing.Check(); err != nil {
		return nil, err
	}
	parent := o.Dir
	if parent == "" {
		parent = e.Dir()
	}
	dir, err := os.MkdirTemp(parent, "stormwatch-")
	if err != nil {
		return nil, fmt.Errorf("a directory for the world's data: %w", err)
	}
	log := o.Log
	if log == nil {
		log = zap.NewNop()
	}
	w := &World{
		Rand:     rand.New(rand.NewPCG(o.Seed, 0)),
		seed:     o.Seed,
		engine:   e,
		timing:   timing,
		log:      log,
		dir:      dir,
		outer:    ctx,
		recorder: record.NewRecorder(timing),
	}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	w.board = point.NewBoard(timing.Heartbeat, func(_ point.Path, err error) { w.Note("%v", err) })
	return w, nil
}

// start starts the clusters side by side and what watches over them.
func (w *World) start(specs []Spec) error {
	if err := checkSpecs(specs); err != nil {
		return err
	}
	var starting errgroup.Group
	w.clusters = make([]*Cluster, len(specs))
	for i, spec := range specs {
		c := newCluster(w, spec)
		w.clusters[i] = c
		w.recorder.Cluster(c.name, memberNames(spec))
		starting.Go(func() error {
			dir := filepath.Join(w.dir, spec.Name)
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			running, err := w.engine.Start(w.ctx, spec, Env{
				Timing: w.timing, Board: w.board, Recorder: w.recorder, Dir: dir, Log: w.log.Named(spec.Name),
			})
			if err != nil {
				return fmt.Errorf("start cluster %s: %w", spec.Name, err)
			}
			c.running = running
			return nil
		})
	}
	if err := starting.Wait(); err != nil {
		return err
	}
	for _, c := range w.clusters {
		w.observers.Go(func() { c.observe(w.ctx) })
	}
	return nil
}

func memberNames(s Spec) []string {
	names := make([]string, s.Members)
	for i := range names {
		names[i] = fmt.Sprintf("m%d", i+1)
	}
	return names
}

// stop ends everything that the world still runs and removes its data. It is called once, whatever happened before.
func (w *World) stop() error {
	w.healAll()
	w.board.Close()
	w.cancel()
	_ = w.actors.Wait() // actors return no errors
	w.observers.Wait()
	var closing errgroup.Group
	for _, c := range w.clusters {
		if c != nil && c.running != nil {
			closing.Go(c.close)
		}
	}
	return errors.Join(closing.Wait(), os.RemoveAll(w.dir))
}
