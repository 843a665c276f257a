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
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/certs"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// World is everything that one run holds: clusters, links, clock, manager, ledger, timeline. The body of a scenario gets one.
//
// Only the goroutine of the scenario's body may call its methods, unless a method says otherwise. A method that returns no error ends the scenario if
// it cannot do what it should: it panics with a value that the harness recovers, and the run is not judged.
type World struct {
	// Rand is the scenario's source of randomness. It follows from the run's seed.
	Rand *rand.Rand

	seed      uint64
	engine    Engine
	candidate Candidate
	workload  *Workload
	kinds     []Kind       // the kinds of facts that the candidate shows
	pace      bound.Timing // the engine's timing, which the workload follows and candidates adapt
	timing    bound.Timing // the timing in force, with the candidate's own intervals
	log       *zap.Logger
	dir       string
	release   func() error    // removes dir
	label     string          // the profiler label of the first manager's goroutines
	outer     context.Context // the caller's; only Err is called, since a wait for its Done channel would stop virtual time
	ctx       context.Context // ends when the world closes
	cancel    context.CancelFunc
	board     *point.Board
	recorder  *record.Recorder
	clusters  []*Cluster

	programs  errgroup.Group
	observers sync.WaitGroup

	own      map[*Cluster][]string // the own keys of the managers that were closed; nil if none was
	owners   bool                  // the scenario is about managers that own things
	early    bool                  // the scenario itself has closed a manager
	injected []*Injection
	outside  map[point.Switch]func() // the fault points that are on from outside, each with what records its end

	mu       sync.Mutex
	managers []*managed // in the order of their numbers, the closed ones too; only the scenario's goroutine appends
	cause    error      // why the run cannot be judged; nil while it can
}

// Cluster finds a cluster by name. If there is none, the scenario ends and the run is not judged.
func (w *World) Cluster(name string) *Cluster {
	c, err := w.Find(name)
	if err != nil {
		w.fail("%w", err)
	}
	return c
}

// Find finds a cluster by name. It returns an error if there is none.
func (w *World) Find(name string) (*Cluster, error) {
	for _, c := range w.clusters {
		if c.name == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("no cluster %q in this world, only %v", name, w.clusters)
}

// Clusters are all clusters in the order of the scenario.
func (w *World) Clusters() []*Cluster { return slices.Clone(w.clusters) }

// Timing is the timing in force, with the candidate's own intervals.
func (w *World) Timing() bound.Timing { return w.timing }

// Bounds are the bounds that follow from Timing.
func (w *World) Bounds() bound.Bounds { return bound.Bounds{Timing: w.timing} }

// Lost says whether a cluster has lost, because of the faults in force, its quorum ([record.LostQuorum]), the manager's reach ([record.LostReach]), or
// that it takes writes ([record.LostWrites]).
func (w *World) Lost(c *Cluster, of record.Lost) (lost bool) {
	w.recorder.Look(func(r *record.Record) {
		lost = slices.ContainsFunc(r.Losses, func(l record.Loss) bool { return l.Cluster == c.name && l.Of == of && l.To < 0 })
	})
	return lost
}

// QuorumAfter says whether a cluster would have a quorum, with the faults in force, after members have joined and left it.
func (w *World) QuorumAfter(c *Cluster, joined, left []string) (quorum bool) {
	w.recorder.Look(func(r *record.Record) { quorum = r.QuorumAfter(c.name, joined, left) })
	return quorum
}

// Elapsed is the time since the world began. It may be called from any goroutine.
func (w *World) Elapsed() time.Duration { return w.recorder.Now() }

// SoFar returns a copy of the first manager's record up to now. It may be called from any goroutine.
func (w *World) SoFar() *record.Record { return w.recorder.Copy() }

// Note adds a line to the run's timeline. It may be called from any goroutine.
func (w *World) Note(format string, args ...any) { w.recorder.Note(fmt.Sprintf(format, args...)) }

// Pass blocks for d of the engine's time, in which everything goes on. It returns at once if d is zero or negative. If the run cannot be judged any
// more, it ends the scenario.
func (w *World) Pass(d time.Duration) {
	for until := time.Now().Add(d); ; {
		w.check()
		left := time.Until(until)
		if left <= 0 {
			return
		}
		<-time.After(min(left, w.timing.Heartbeat))
	}
}

// await checks a condition once every Observe, until it holds or the time within is over, and returns whether it holds.
func (w *World) await(within time.Duration, holds func() bool) bool {
	deadline := time.Now().Add(within)
	ticker := time.NewTicker(w.timing.Observe)
	defer ticker.Stop()
	for {
		if holds() {
			return true
		}
		w.check()
		if !time.Now().Before(deadline) {
			return false
		}
		<-ticker.C
	}
}

// check ends the scenario if the run has been interrupted or cannot be judged any more.
func (w *World) check() {
	if err := w.outer.Err(); err != nil {
		w.broken(fmt.Errorf("interrupted: %w", err))
	}
	if err := w.unjudged(); err != nil {
		panic(abort{err})
	}
}

// broken records why the run cannot be judged; the first cause counts. It may be called from any goroutine. The scenario ends at its next call of
// check.
func (w *World) broken(cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cause == nil {
		w.cause = cause
	}
}

func (w *World) unjudged() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cause
}

// abort is the panic value that ends a scenario whose run cannot be judged. World.guard recovers it.
type abort struct{ err error }

// fail ends the scenario, and the run is not judged. Only the scenario's goroutine may call it.
func (w *World) fail(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	w.broken(err)
	panic(abort{err})
}

// Abort ends the scenario, and the run is not judged because of err. It does not return.
func (w *World) Abort(err error) { w.fail("%w", err) }

// NotAsked ends the scenario, which has nothing to ask of the manager, and why. It does not return.
func (w *World) NotAsked(why string) { w.fail("%w", &notAskedError{why}) }

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
func newWorld(ctx context.Context, e Engine, c Candidate, o Options) (*World, error) {
	workload, err := c.workload(o.Workload)
	if err != nil {
		return nil, &usageError{err}
	}
	kinds, err := c.kinds(workload)
	if err != nil {
		return nil, &usageError{err}
	}
	suggested := e.Timing()
	if o.Timing != nil {
		suggested = *o.Timing
	}
	timing, kinds := paced(c.timing(suggested), kinds)
	if err := errors.Join(suggested.Check(), timing.Check()); err != nil {
		return nil, &usageError{err}
	}
	parent := o.Dir
	if parent == "" {
		parent = e.Dir()
	}
	dir, release, err := MakeDir(parent)
	if err != nil {
		return nil, err
	}
	log := o.Log
	if log == nil {
		log = zap.NewNop()
	}
	w := &World{
		Rand:      rand.New(rand.NewPCG(o.Seed, 0)),
		seed:      o.Seed,
		engine:    e,
		candidate: c,
		workload:  workload,
		kinds:     kinds,
		pace:      suggested,
		timing:    timing,
		log:       log,
		dir:       dir,
		release:   release,
		label:     fmt.Sprintf("world %d", worlds.Add(1)),
		outer:     ctx,
		recorder:  record.NewRecorder(timing),
	}
	w.recorder.Kinds(kinds)
	var things []string
	for _, t := range workload.Things {
		things = append(things, t.Prefix)
	}
	w.recorder.Watching(len(workload.Prefixes), c.Streams, things)
	w.ctx, w.cancel = context.WithCancel(context.Background())
	w.board = point.NewBoard(timing.Heartbeat, func(_ point.Path, err error) { w.broken(err) })
	w.board.Seed(o.Seed)
	return w, nil
}

// start starts the clusters concurrently, then their observers and the workload's programs.
func (w *World) start(specs []Spec) error {
	if err := checkSpecs(specs); err != nil {
		return &usageError{err}
	}
	for _, spec := range specs {
		w.clusters = append(w.clusters, newCluster(w, spec))
		w.recorder.Cluster(spec.Name, spec.Names())
	}
	// This comes before the clusters start, since these fault points are in force while members start.
	if err := w.recordOutside(); err != nil {
		return err
	}
	// A member that dies while it starts ends the start of all. Otherwise its engine would wait for it until the start times out.
	ctx, giveUp := context.WithCancel(w.ctx)
	defer giveUp()
	var starting errgroup.Group
	for i, c := range w.clusters {
		spec := specs[i]
		starting.Go(func() error {
			dir := filepath.Join(w.dir, spec.Name)
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			if err := c.certify(spec, dir); err != nil {
				return err
			}
			died := func(member string, cause error) {
				if started := ctx.Err() != nil; c.died(member, cause, started) {
					giveUp()
				}
			}
			running, err := w.engine.Start(ctx, spec, Env{
				Timing: w.timing, Board: w.board, Recorder: w.recorder, Dir: dir, Log: w.log.Named(spec.Name), Died: died,
				Certificates: c.certificates,
			})
			if err != nil {
				return fmt.Errorf("start cluster %s%s: %w", c.name, w.withOutside(), err)
			}
			c.running = running
			if spec.Auth {
				return c.createUsers(ctx)
			}
			return nil
		})
	}
	if err := starting.Wait(); err != nil {
		return err
	}
	for _, c := range w.clusters {
		w.observers.Go(func() { c.observe(w.ctx) })
		w.observers.Go(func() { c.observeKeys(w.ctx) })
		if len(w.workload.Things) > 0 {
			w.observers.Go(func() { c.observeHoldings(w.ctx) })
		}
		for _, p := range w.workload.Programs() {
			w.run(c, p)
		}
	}
	return nil
}

// certify makes the certificates of a cluster that serves its clients over TLS.
func (c *Cluster) certify(spec Spec, dir string) (err error) {
	if spec.TLS {
		c.certificates, err = certs.New(filepath.Join(dir, "certificates"), spec.Name)
	}
	return err
}

// died records that a member ended by itself. If that is the effect of a fault on a cluster that has started, the run goes on. Otherwise it
// cannot be judged, and died returns true.
func (c *Cluster) died(member string, cause error, started bool) (broken bool) {
	if !started || !errors.Is(cause, point.ErrFailed) {
		c.world.broken(fmt.Errorf("member %s/%s died: %w", c.name, member, cause))
		return true
	}
	c.world.Note("%s/%s died: %v", c.name, member, cause)
	for _, m := range c.Members() {
		if m.name == member {
			m.died.Store(true)
		}
	}
	return false
}

// path is a member's fault point in this world.
func (w *World) path(m *Member, n point.Name) point.Path {
	return w.board.Path(m.cluster.name, m.name, n)
}

// run runs a program until the world closes.
func (w *World) run(c *Cluster, p Program) {
	w.programs.Go(func() error {
		err := errors.New("it returned")
		if caught := catch(func() { err = errors.Join(p.Run(w.ctx, c.ledger), err) }); caught != nil {
			err = fmt.Errorf("it panicked: %w", caught)
		}
		if w.ctx.Err() == nil {
			w.broken(fmt.Errorf("program %s of cluster %s, of the workload, ended: %w", p.Name, c.name, err))
		}
		return nil
	})
}

// stop ends everything that the world still runs, blocks until it has ended, and removes the world's data. It is called once, whatever happened
// before.
func (w *World) stop() error {
	w.healAll()
	w.board.Close()
	w.cancel()
	_ = w.programs.Wait() // programs return no errors
	w.observers.Wait()
	var closing errgroup.Group
	for _, c := range w.clusters {
		if c != nil && c.running != nil {
			closing.Go(c.running.Close)
		}
	}
	return errors.Join(closing.Wait(), w.release())
}
