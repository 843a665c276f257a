package harness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/harness/point"
)

// managed is the manager of a world while it lives.
type managed struct {
	manager Manager

	mu       sync.Mutex
	clusters map[*Cluster]bool
}

func (m *managed) manages(c *Cluster) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.clusters[c]
}

// set replaces the managed set and returns the clusters that were in it and are not any more, in the world's order.
func (m *managed) set(all, now []*Cluster) (gone []*Cluster) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range all {
		if m.clusters[c] && !slices.Contains(now, c) {
			gone = append(gone, c)
		}
	}
	m.clusters = map[*Cluster]bool{}
	for _, c := range now {
		m.clusters[c] = true
	}
	return gone
}

// Placement says on which member the manager's watches on a cluster must sit when it has started.
type Placement struct{ member *Member }

// WatchOn places the watches on a cluster on one of its members: while the manager attaches, only that member's link is open.
func WatchOn(m *Member) Placement { return Placement{m} }

// StartManager starts the manager on all clusters and returns when its view of each is fresh and its watches sit where they
// were placed. A manager that takes longer than [bound.Bounds.Start] fails the run and ends the scenario.
func (w *World) StartManager(placements ...Placement) {
	if w.managed.Load() != nil {
		w.fail("the scenario starts its manager twice")
	}
	open := w.place(placements)
	var manager Manager
	var err error
	w.asManager(func() {
		manager, err = w.newManager(Setup{Timing: w.timing, Log: w.log.Named("manager"), Rand: draws(w.seed)})
	})
	if err != nil {
		w.fail("start the manager: %w", err)
	}
	m := &managed{manager: manager}
	m.set(w.clusters, w.clusters)
	if err := w.apply(manager, w.clusters); err != nil {
		w.managed.Store(m) // to be closed
		w.fail("start the manager: %w", err)
	}
	w.recorder.ManagerStarted()
	w.managed.Store(m)
	for _, c := range w.clusters {
		w.requireFresh("start", c, w.Bounds().Start(len(c.Members())))
	}
	for _, p := range placements {
		w.requirePlaced(p.member)
	}
	open()
}

// place closes the links of all members that share a cluster with a placement but are not it.
func (w *World) place(placements []Placement) (open func()) {
	var shut []*point.Thrown
	for _, p := range placements {
		for _, m := range p.member.cluster.Members() {
			if m == p.member {
				continue
			}
			t, err := w.board.Throw(m.Point(point.ClientAccept), point.Decision{Kind: point.Refuse}.Terms())
			if err != nil {
				w.fail("place the watch on %s: %w", p.member, err)
			}
			shut = append(shut, t)
		}
	}
	return func() {
		for _, t := range shut {
			t.Heal()
		}
	}
}

func (w *World) requirePlaced(m *Member) {
	var seats []*Member
	placed := w.await(w.Bounds().Calm(), func() bool {
		seats = m.cluster.WatchMembers()
		return len(seats) == 1 && seats[0] == m
	})
	if !placed {
		w.fail("the watch on %s should sit on %s, it sits on %v", m.cluster, m, seats)
	}
}

// apply calls the manager's Apply, with a context that ends when a start would be late. It gives up on one that has not returned after
// twice that time, so that one that is late can be told from one that never ends.
func (w *World) apply(m Manager, clusters []*Cluster) error {
	limit := w.Bounds().Start(1)
	for _, c := range clusters {
		limit = max(limit, w.Bounds().Start(len(c.Members())))
	}
	ctx, cancel := context.WithTimeout(w.ctx, limit)
	defer cancel()
	applied := make(chan error, 1)
	go w.asManager(func() {
		var err error
		panicked := w.guard(func() { err = m.Apply(ctx, w.targets(clusters)) })
		applied <- errors.Join(panicked, err)
	})
	timer := time.NewTimer(2 * limit)
	defer timer.Stop()
	select {
	case err := <-applied:
		return err
	case <-timer.C:
		return fmt.Errorf("its Apply has not returned after %v, the context ended after %v", 2*limit, limit)
	}
}

// Manage makes the given clusters the manager's complete set, as a reload of its configuration does. It blocks for as long as the
// manager's Apply does; an Apply that takes far longer than a start may fails the run and ends the scenario.
func (w *World) Manage(clusters ...*Cluster) {
	m := w.managed.Load()
	if m == nil {
		w.fail("Manage before StartManager")
	}
	for _, c := range clusters {
		if !m.manages(c) {
			w.recorder.Added(c.name)
		}
	}
	gone := m.set(w.clusters, clusters)
	for _, c := range gone {
		w.recorder.Removed(c.name)
	}
	if err := w.apply(m.manager, clusters); err != nil {
		w.fail("apply %v: %w", clusters, err)
	}
	for _, c := range gone {
		w.recordLeftovers("Apply removed "+c.name, c.leftovers)
	}
}

// View is what the manager shows of a cluster now; false if it does not manage it, or there is no manager.
func (w *World) View(cluster string) (View, bool) {
	if m := w.managed.Load(); m != nil {
		return m.manager.View(cluster)
	}
	return View{}, false
}

func (w *World) targets(clusters []*Cluster) []Target {
	targets := make([]Target, len(clusters))
	for i, c := range clusters {
		t := Target{Cluster: c.name, DialOptions: c.running.DialOptions()}
		for _, m := range c.Members() {
			t.Endpoints = append(t.Endpoints, m.Endpoint())
		}
		targets[i] = t
	}
	return targets
}

// closeManager ends the manager and records what it leaves behind.
func (w *World) closeManager() {
	m := w.managed.Load()
	if m == nil {
		return
	}
	own := map[*Cluster][]string{}
	if registrar, ok := m.manager.(Registrar); ok {
		for _, c := range w.clusters {
			own[c] = registrar.OwnKeys(c.name)
		}
	}
	w.recorder.ManagerClosing()
	closed := make(chan error, 1)
	go w.asManager(func() { closed <- m.manager.Close() })
	// Twice its bound, so that a manager that is late can be told from one that never ends.
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
	for _, c := range w.clusters {
		c.checkGuards()
	}
	w.recordLeftovers("Close", func() []string {
		left := w.goroutinesOfManager()
		for _, c := range w.clusters {
			left = append(left, c.leftovers()...)
			left = append(left, c.standing(own[c])...)
		}
		return left
	})
}

// recordLeftovers gives what is going away a moment to be gone and records what is not.
func (w *World) recordLeftovers(after string, find func() []string) {
	var left []string
	w.await(w.Bounds().Calm(), func() bool {
		left = find()
		return len(left) == 0
	})
	for _, what := range left {
		w.recorder.Left(after, what)
	}
}

// asManager runs f so that every goroutine that f starts can be told from the world's own, and from what an earlier world left in the
// process, by a profiler label.
func (w *World) asManager(f func()) {
	pprof.Do(context.Background(), pprof.Labels(managerLabel, w.dir), func(context.Context) { f() })
}

// managerLabel is the label's name; its value is the world's directory, which no other world has.
const managerLabel = "stormwatch"

// draws is a source for a manager, apart from the scenario's so that neither moves the other's draws.
func draws(seed uint64) func() float64 {
	var mu sync.Mutex
	source := rand.New(rand.NewPCG(seed, 1))
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return source.Float64()
	}
}
