package harness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// managed is the manager of a world, from StartManager until its Close.
type managed struct {
	manager Manager

	mu       sync.Mutex
	clusters []*Cluster
}

func (m *managed) manages(c *Cluster) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.clusters, c)
}

// set replaces the managed set. It returns the clusters that have left it and those that are new in it.
func (m *managed) set(now []*Cluster) (gone, new []*Cluster) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.clusters {
		if !slices.Contains(now, c) {
			gone = append(gone, c)
		}
	}
	for _, c := range now {
		if !slices.Contains(m.clusters, c) {
			new = append(new, c)
		}
	}
	m.clusters = slices.Clone(now)
	return gone, new
}

// Placement says to which member of its cluster the manager must be attached when StartManager returns. [WatchOn] makes one.
type Placement struct{ on Referrer }

// WatchOn attaches the manager to one member of a cluster: while the manager starts, only the link of that member is open. So its watches are on
// that member or, if it polls, its connections.
func WatchOn(on Referrer) Placement { return Placement{on} }

// StartManager starts the manager on all clusters. It blocks until the view of each is fresh and the manager is attached as the placements say. If
// that takes longer than [bound.Bounds.Start], the run has failed and the scenario ends.
func (w *World) StartManager(placements ...Placement) {
	if w.managed.Load() != nil {
		w.fail("the scenario starts its manager twice")
	}
	members := make([]*Member, len(placements))
	for i, p := range placements {
		m, err := w.Resolve(p.on.Ref())
		if err != nil {
			w.fail("place the manager: %w", err)
		}
		members[i] = m
	}
	open := w.place(members)
	manager := w.make()
	m := &managed{manager: manager}
	since := w.Elapsed()
	m.set(w.clusters)
	w.managed.Store(m)
	w.recorder.ManagerStarted()
	for _, c := range w.clusters {
		c.begin(m)
	}
	if pusher, ok := manager.(Pusher); ok {
		pusher.Push(func(cluster string, v View) { w.pushed(cluster, v) })
	}
	w.apply("start", manager, w.clusters, since)
	for _, c := range w.clusters {
		w.requireFresh("start", c)
	}
	for _, m := range members {
		w.requireAttached(m)
	}
	open()
}

// make makes the manager. If New fails, the run has failed and the scenario ends.
func (w *World) make() (manager Manager) {
	var err error
	w.require("start", "", func() error {
		caught := catch(func() {
			w.asManager(func() {
				manager, err = w.candidate.New(Setup{Timing: w.timing, Workload: w.workload, Log: w.log.Named("manager"), Rand: draws(w.seed)})
			})
		})
		switch {
		case caught != nil:
			return fmt.Errorf("New panicked: %w", caught)
		case err != nil:
			return fmt.Errorf("New: %w", err)
		case manager == nil:
			return errors.New("New returned neither a manager nor an error")
		}
		return nil
	})
	return manager
}

// place closes the links of the other members in the cluster of each given member, so that the manager can only attach to that member. open opens
// the links again.
func (w *World) place(on []*Member) (open func()) {
	var closed []*point.Thrown
	for _, p := range on {
		for _, m := range p.cluster.Members() {
			if m == p {
				continue
			}
			t, err := w.board.Throw(w.path(m, point.ClientAccept), point.Decision{Kind: point.Refuse}.Terms())
			if err != nil {
				w.fail("place the manager on %s: %w", p, err)
			}
			closed = append(closed, t)
		}
	}
	return func() {
		for _, t := range closed {
			t.Heal()
		}
	}
}

// requireAttached fails the run if the manager is not attached to this member, the only one of its cluster that it could reach.
func (w *World) requireAttached(m *Member) {
	var on []*Member
	w.require("start", m.cluster.name, func() error {
		if w.await(w.Bounds().Calm(), func() bool {
			on = m.cluster.AttachedMembers()
			return len(on) == 1 && on[0] == m
		}) {
			return nil
		}
		if len(on) == 0 {
			return fmt.Errorf("the manager shows %s and has neither a watch nor a connection there; a manager that polls says so in its candidate", m.cluster)
		}
		return fmt.Errorf("the manager should be attached to %s, it is to %v", m, on)
	})
}

// apply calls the manager's Apply with a context that ends after the bound on a start. It waits twice that time for Apply to return, so that the
// evidence can distinguish an Apply that is late from one that never returns. since is when the tenures of the new clusters began.
func (w *World) apply(name string, m Manager, clusters []*Cluster, since time.Duration) {
	limit := w.Bounds().Start(1)
	for _, c := range clusters {
		limit = max(limit, w.Bounds().Start(len(c.Members())))
	}
	ctx, cancel := context.WithTimeout(w.ctx, limit)
	defer cancel()
	targets := w.targets(clusters)
	applied := make(chan error, 1)
	go w.asManager(func() {
		var err error
		if caught := catch(func() { err = m.Apply(ctx, targets) }); caught != nil {
			err = fmt.Errorf("it panicked: %w", caught)
		}
		applied <- err
	})
	var failure error
	timer := time.NewTimer(2 * limit)
	defer timer.Stop()
	select {
	case err := <-applied:
		if err != nil {
			failure = fmt.Errorf("Apply of %v: %w", clusters, err)
		}
	case <-timer.C:
		failure = fmt.Errorf("Apply of %v has not returned after %v, its context ended after %v", clusters, 2*limit, limit)
	}
	if failure != nil {
		// A manager whose Apply failed manages no clusters: no view is required of it.
		gone, _ := w.managed.Load().set(nil)
		for _, c := range gone {
			c.end()
		}
		w.recorder.Refused(since)
	}
	w.require(name, "", func() error { return failure })
}

// Manage makes the given clusters the manager's complete set, as a reload of its configuration does. It blocks until the manager's Apply has
// returned. If Apply returns an error, or takes longer than twice the bound on a start, the run has failed and the scenario ends.
func (w *World) Manage(clusters ...*Cluster) {
	m := w.managed.Load()
	if m == nil {
		w.fail("Manage before StartManager")
	}
	since := w.Elapsed()
	gone, given := m.set(clusters)
	for _, c := range gone {
		w.recorder.Taken(c.name)
		c.end()
	}
	for _, c := range given {
		c.begin(m)
	}
	w.apply("apply", m.manager, clusters, since)
	for _, c := range gone {
		w.recordLeftovers("Apply removed "+c.name, c.calm()+c.unrevoked(), c.leftovers)
	}
}

// View calls the manager's View for a cluster. It is false if the manager does not manage the cluster, or there is no manager.
func (w *World) View(cluster string) (View, bool) {
	if m := w.managed.Load(); m != nil {
		return m.manager.View(cluster)
	}
	return View{}, false
}

// targets makes the targets for the manager's Apply, and records which members they name.
func (w *World) targets(clusters []*Cluster) []Target {
	targets := make([]Target, len(clusters))
	for i, c := range clusters {
		t := Target{Cluster: c.name, DialOptions: c.running.DialOptions(), Log: w.log.Named("manager").Named(c.name)}
		for _, m := range c.Members() {
			t.Endpoints = append(t.Endpoints, m.Endpoint())
			w.recorder.Named(c.name, m.name)
		}
		if c.auth {
			t.Username, t.Password = managerUser, userPassword
		}
		if c.certificates != nil {
			t.TLS = c.certificates.Client()
			c.given.Store(t.TLS)
		}
		targets[i] = t
	}
	return targets
}

// CloseManager closes the manager while the faults in force go on; otherwise the world heals all faults before it closes the manager. It blocks until
// Close has returned, for twice [bound.Bounds.Close] at most. Connections, watches, leases and keys that a cluster with a fault still has are looked
// for after all faults have healed and the manager's leases, which it may have been unable to revoke, have expired.
func (w *World) CloseManager() {
	m := w.managed.Load()
	if m == nil {
		w.fail("CloseManager before StartManager")
	}
	w.closedEarly = w.close(m)
	w.recordLeftovers("Close", w.Bounds().Calm(), w.goroutinesOfManager)
}

// closeManager closes the manager, unless the scenario has, and records what it leaves behind. All faults have healed.
func (w *World) closeManager() {
	own, limit := w.closedEarly, w.timing.LeaseTTL+w.Bounds().Calm()
	if m := w.managed.Load(); m != nil {
		own, limit = w.close(m), w.Bounds().Calm()
	}
	if own == nil {
		return
	}
	for _, c := range w.clusters {
		c.checkGuards()
		limit += c.unrevoked()
	}
	w.recordLeftovers("Close", limit, func() []string {
		left := w.goroutinesOfManager()
		for _, c := range w.clusters {
			left = append(left, c.leftovers()...)
			left = append(left, c.remaining(own[c])...)
		}
		return left
	})
}

// close calls the manager's Close. It returns the manager's own keys.
func (w *World) close(m *managed) (own map[*Cluster][]string) {
	own = map[*Cluster][]string{}
	for _, c := range w.clusters {
		own[c] = c.ownKeys(m.manager)
	}
	w.recorder.ManagerClosing()
	for _, c := range w.clusters {
		c.end()
	}
	closed := make(chan error, 1)
	go w.asManager(func() {
		var err error
		if caught := catch(func() { err = m.manager.Close() }); caught != nil {
			err = caught
			w.recorder.Answer(record.Answer{Problem: fmt.Sprintf("Close panicked: %v", caught)})
		}
		closed <- err
	})
	// We wait twice the bound, so that the evidence can distinguish a Close that is late from one that never returns.
	timer := time.NewTimer(2 * w.Bounds().Close())
	defer timer.Stop()
	select {
	case err := <-closed:
		w.recorder.ManagerClosed()
		if err != nil {
			w.Note("the manager's Close returned: %v", err)
		}
	case <-timer.C:
		w.Note("the manager's Close did not return")
	}
	w.managed.Store(nil)
	return own
}

// recordLeftovers waits until find finds nothing, for limit at most, and records what it still finds then.
func (w *World) recordLeftovers(after string, limit time.Duration, find func() []string) {
	var left []string
	w.await(limit, func() bool {
		left = find()
		return len(left) == 0
	})
	for _, what := range left {
		w.recorder.Left(after, what)
	}
}

// catch calls f. If f panics, it returns an error with the value and the place of the panic.
func catch(f func()) (caught error) {
	defer func() {
		if p := recover(); p != nil {
			caught = fmt.Errorf("%v, in %s", p, panicPlace())
		}
	}()
	f()
	return nil
}

// panicPlace returns the place of the panic that is being recovered from: the innermost function that is not the runtime's.
func panicPlace() string {
	var callers [32]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") || !more {
			return fmt.Sprintf("%s (%s:%d)", frame.Function, filepath.Base(frame.File), frame.Line)
		}
	}
}

// asManager calls f with a profiler label. Every goroutine that f starts inherits the label, which distinguishes it from the world's own goroutines
// and from those that an earlier world left in the process.
func (w *World) asManager(f func()) {
	pprof.Do(context.Background(), pprof.Labels(managerLabel, w.label), func(context.Context) { f() })
}

// managerLabel is the name of the label. Its value names the world.
const managerLabel = "stormwatch"

// worlds counts the worlds of the process, so that each has a number of its own.
var worlds atomic.Uint64

// draws returns the source of random numbers for a manager. The scenario has another one, so that what one of them draws does not change what the
// other gets.
func draws(seed uint64) func() float64 {
	var mu sync.Mutex
	source := rand.New(rand.NewPCG(seed, 1))
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return source.Float64()
	}
}

// require calls met. If met returns an error, the manager has failed: the error becomes a failed verdict, and the scenario ends.
func (w *World) require(name, cluster string, met func() error) {
	if err := met(); err != nil {
		e := record.Expectation{Cluster: cluster}
		e.Oracle, e.Outcome, e.Evidence = name, record.Failed, err.Error()
		w.expect(e)
	}
}
