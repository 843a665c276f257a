package harness

import (
	"context"
	"crypto/tls"
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

	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// managed is a manager of a world, from its start until its Close.
type managed struct {
	world    *World
	number   int // from 1 on
	manager  Manager
	recorder *record.Recorder
	label    string // the profiler label of its goroutines
	// started is set once the manager is made, closed when its Close was called.
	started, closed atomic.Bool
	// views observe what it shows of a cluster in the current tenure; nil if it does not manage the cluster.
	views map[*Cluster]*atomic.Pointer[viewObserver]
	dial  map[*Cluster][]grpc.DialOption

	mu       sync.Mutex
	clusters []*Cluster
	tls      map[*Cluster]*tls.Config // that it was given last
}

// enlist makes a further manager of the world and puts it on the list.
func (w *World) enlist() *managed {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := &managed{
		world: w, number: len(w.managers) + 1, recorder: w.recorder, label: w.label,
		views: map[*Cluster]*atomic.Pointer[viewObserver]{}, dial: map[*Cluster][]grpc.DialOption{},
		tls: map[*Cluster]*tls.Config{},
	}
	if m.number > 1 {
		m.recorder = w.recorder.Fork()
		m.label = fmt.Sprintf("%s manager %d", w.label, m.number)
	}
	for _, c := range w.clusters {
		m.views[c] = &atomic.Pointer[viewObserver]{}
	}
	w.managers = append(w.managers, m)
	return m
}

// running are the managers that have been started and not closed, in the order of their numbers.
func (w *World) running() []*managed {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.managers), func(m *managed) bool { return m.closed.Load() || !m.started.Load() })
}

// first is the first manager; nil before its start and after its Close.
func (w *World) first() *managed {
	if all := w.running(); len(all) > 0 && all[0].number == 1 {
		return all[0]
	}
	return nil
}

func (m *managed) manages(c *Cluster) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.clusters, c)
}

func (m *managed) givenTLS(c *Cluster, t *tls.Config) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tls[c] = t
}

// outdated says whether it manages the cluster with a TLS configuration that was replaced since.
func (m *managed) outdated(c *Cluster) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.clusters, c) && m.tls[c] != c.certificates.Client()
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
	if len(w.managers) > 0 {
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
	w.enlist().start()
	for _, m := range members {
		w.requireAttached(m)
	}
	open()
}

// StartRival starts a further manager of the same candidate, with clients of its own, on all clusters. It blocks as StartManager does. Every oracle
// judges each manager by itself; "one owner" judges them together. The requirements of the scenario are those of the first manager.
func (w *World) StartRival() {
	switch {
	case w.first() == nil:
		w.fail("StartRival before StartManager, or after its Close")
	case len(w.managers) == point.Managers:
		w.fail("a world has %d managers at most", point.Managers)
	}
	w.enlist().start()
}

// start makes the manager, gives it all clusters, and blocks until it shows each.
func (m *managed) start() {
	w := m.world
	m.manager = m.make()
	since := w.Elapsed()
	m.set(w.clusters)
	m.started.Store(true)
	m.recorder.ManagerStarted()
	for _, c := range w.clusters {
		m.begin(c)
	}
	if pusher, ok := m.manager.(Pusher); ok {
		pusher.Push(m.pushed)
	}
	if pusher, ok := m.manager.(ClaimPusher); ok {
		pusher.PushClaims(m.pushedClaims)
	}
	if _, claims := m.manager.(Claimer); w.owners && !claims {
		w.fail("%w", &NotAskedError{fmt.Sprintf("the scenario is about managers that own things, and %s claims nothing", w.candidate.Name)})
	}
	m.apply("start", w.clusters, since)
	for _, c := range w.clusters {
		w.requireFreshOf(m, "start", c)
	}
}

// make makes the manager. If New fails, the run has failed and the scenario ends.
func (m *managed) make() (manager Manager) {
	var err error
	w := m.world
	w.require("start", "", func() error {
		caught := catch(func() {
			m.do(func() {
				manager, err = w.candidate.New(Setup{
					Timing: w.timing, Workload: w.workload, Number: m.number, Log: m.log(), Rand: draws(w.seed, m.number),
				})
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

// log receives the manager's log.
func (m *managed) log() *zap.Logger {
	if m.number == 1 {
		return m.world.log.Named("manager")
	}
	return m.world.log.Named(fmt.Sprintf("manager%d", m.number))
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
func (m *managed) apply(name string, clusters []*Cluster, since time.Duration) {
	w := m.world
	limit := w.Bounds().Start(1)
	for _, c := range clusters {
		limit = max(limit, w.Bounds().Start(len(c.Members())))
	}
	ctx, cancel := context.WithTimeout(w.ctx, limit)
	defer cancel()
	targets := m.targets(clusters)
	applied := make(chan error, 1)
	go m.do(func() {
		var err error
		if caught := catch(func() { err = m.manager.Apply(ctx, targets) }); caught != nil {
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
		gone, _ := m.set(nil)
		for _, c := range gone {
			m.end(c)
		}
		m.recorder.Refused(since)
	}
	w.require(name, "", func() error { return failure })
}

// Manage makes the given clusters the first manager's complete set, as a reload of its configuration does. It blocks until the manager's Apply has
// returned. If Apply returns an error, or takes longer than twice the bound on a start, the run has failed and the scenario ends.
func (w *World) Manage(clusters ...*Cluster) {
	m := w.first()
	if m == nil {
		w.fail("Manage before StartManager")
	}
	since := w.Elapsed()
	gone, given := m.set(clusters)
	for _, c := range gone {
		m.recorder.Taken(c.name)
		m.end(c)
	}
	for _, c := range given {
		m.begin(c)
	}
	m.apply("apply", clusters, since)
	for _, c := range gone {
		w.recordLeftovers("Apply removed "+c.name, c.calm()+c.unrevoked(), c.leftovers)
	}
}

// View calls the first manager's View for a cluster. It is false if the manager does not manage the cluster, or there is no manager.
func (w *World) View(cluster string) (View, bool) {
	if m := w.first(); m != nil {
		return m.manager.View(cluster)
	}
	return View{}, false
}

// targets makes the targets for the manager's Apply, and records which members they name.
func (m *managed) targets(clusters []*Cluster) []Target {
	targets := make([]Target, len(clusters))
	for i, c := range clusters {
		if m.dial[c] == nil {
			m.dial[c] = c.running.DialOptions(m.number)
		}
		t := Target{Cluster: c.name, DialOptions: slices.Clone(m.dial[c]), Log: m.log().Named(c.name)}
		for _, member := range c.Members() {
			t.Endpoints = append(t.Endpoints, member.Endpoint())
			m.recorder.Named(c.name, member.name)
		}
		if c.auth {
			t.Username, t.Password = managerUser, userPassword
		}
		if c.certificates != nil {
			t.TLS = c.certificates.Client()
			m.givenTLS(c, t.TLS)
		}
		targets[i] = t
	}
	return targets
}

// CloseManager closes the first manager while the faults in force go on; otherwise the world heals all faults before it closes the manager. It blocks
// until Close has returned, for twice [bound.Bounds.Close] at most. Connections, watches, leases and keys that a cluster with a fault still has are
// looked for after all faults have healed and the manager's leases, which it may have been unable to revoke, have expired.
func (w *World) CloseManager() {
	m := w.first()
	if m == nil {
		w.fail("CloseManager before StartManager")
	}
	w.closeEarly(m)
}

// CloseRival closes the manager that StartRival has started last, as CloseManager does.
func (w *World) CloseRival() {
	all := w.running()
	if len(all) == 0 || all[len(all)-1].number == 1 {
		w.fail("CloseRival before StartRival")
	}
	w.closeEarly(all[len(all)-1])
}

func (w *World) closeEarly(m *managed) {
	w.close(m)
	w.early = true
	w.recordLeftovers("Close", w.Bounds().Calm(), m.goroutines)
}

// closeManagers closes the managers that the scenario has not closed, the last first, and records what they leave behind. All faults have healed.
func (w *World) closeManagers() {
	limit := w.Bounds().Calm()
	if w.early {
		limit += w.timing.LeaseTTL
	}
	for _, m := range slices.Backward(w.running()) {
		w.close(m)
	}
	if w.own == nil {
		return
	}
	for _, c := range w.clusters {
		c.checkGuards()
		limit += c.unrevoked()
	}
	w.recordLeftovers("Close", limit, func() []string {
		var left []string
		for _, m := range w.managers {
			left = append(left, m.goroutines()...)
		}
		for _, c := range w.clusters {
			left = append(left, c.leftovers()...)
			left = append(left, c.remaining(w.own[c])...)
		}
		return left
	})
}

// close calls a manager's Close. Its own keys must be gone at the end.
func (w *World) close(m *managed) {
	if w.own == nil {
		w.own = map[*Cluster][]string{}
	}
	for _, c := range w.clusters {
		w.own[c] = append(w.own[c], m.ownKeys(c)...)
	}
	m.recorder.ManagerClosing()
	for _, c := range w.clusters {
		m.end(c)
	}
	closed := make(chan error, 1)
	go m.do(func() {
		var err error
		if caught := catch(func() { err = m.manager.Close() }); caught != nil {
			err = caught
			m.recorder.Answer(record.Answer{Problem: fmt.Sprintf("Close panicked: %v", caught)})
		}
		closed <- err
	})
	// We wait twice the bound, so that the evidence can distinguish a Close that is late from one that never returns.
	timer := time.NewTimer(2 * w.Bounds().Close())
	defer timer.Stop()
	select {
	case err := <-closed:
		m.recorder.ManagerClosed()
		if err != nil {
			w.Note("the manager's Close returned: %v", err)
		}
	case <-timer.C:
		w.Note("the manager's Close did not return")
	}
	m.closed.Store(true)
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

// do calls f with a profiler label. Every goroutine that f starts inherits the label, which distinguishes it from the world's own goroutines, from those
// of other managers, and from those that an earlier world left in the process.
func (m *managed) do(f func()) {
	pprof.Do(context.Background(), pprof.Labels(managerLabel, m.label), func(context.Context) { f() })
}

// managerLabel is the name of the label. Its value names the world.
const managerLabel = "stormwatch"

// worlds counts the worlds of the process, so that each has a number of its own.
var worlds atomic.Uint64

// draws returns the source of random numbers for a manager. The scenario has another one, so that what one of them draws does not change what the
// other gets, and so has each manager.
func draws(seed uint64, manager int) func() float64 {
	var mu sync.Mutex
	source := rand.New(rand.NewPCG(seed, uint64(manager)))
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
