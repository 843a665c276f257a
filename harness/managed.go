package harness

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
	"google.golang.org/grpc"

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
	// applies counts the calls of the manager's Apply.
	applies int

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

// start makes the manager, gives it all clusters, and blocks until it shows each that it can reach.
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
	if m.outlives() {
		m.recorder.OutlivesRun()
	}
	if pusher, ok := m.manager.(Pusher); ok {
		pusher.Push(m.pushed)
	}
	if pusher, ok := m.manager.(ClaimPusher); ok {
		pusher.PushClaims(m.pushedClaims)
	}
	if _, claims := m.manager.(Claimer); w.owners && !claims {
		w.fail("%w", &notAskedError{fmt.Sprintf("the scenario is about managers that own things, and %s claims nothing", w.candidate.Name)})
	}
	m.apply("start", w.clusters, since)
	for _, c := range w.clusters {
		// While a fault in force costs the quorum or the reach, no view can be fresh. The oracles judge what the manager shows after the heal.
		if !w.Lost(c, record.LostQuorum) && !w.Lost(c, record.LostReach) {
			w.requireFreshOf(m, "start", c)
		}
	}
}

// outlives says whether the manager goes on after its Close.
func (m *managed) outlives() bool {
	_, outlives := m.manager.(Outliver)
	return outlives
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
