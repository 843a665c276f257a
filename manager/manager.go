package manager

import (
	"context"
	"fmt"
	"sync"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// Manager watches a changing set of etcd clusters. All its methods are safe for concurrent use.
type Manager struct {
	metrics   *metrics
	announcer *announcer
	work      context.Context
	cancel    context.CancelFunc
	// tasks counts the goroutines that close runtimes; a runtime waits for its own goroutines. announcing counts the
	// announcer's goroutine.
	tasks, announcing sync.WaitGroup

	// From cfg on, mu guards the fields. It is never held while waiting.
	mu sync.RWMutex
	// Of cfg only the registration changes.
	cfg     Config
	closed  bool
	tenures uint64
	managed map[string]*managed
	// leaving has each cluster's runtimes that are closing, in the order in which they were retired.
	leaving map[string][]*runtime
}

// managed is one cluster: the runtime that serves it and, after its target changed, the runtime that will replace it.
// Manager.mu guards it.
type managed struct {
	tenure    uint64
	current   *runtime
	successor *runtime
}

// New makes a manager without clusters. The error names everything that is wrong with the config.
func New(cfg Config) (*Manager, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, fmt.Errorf("invalid config: %w", err)
	}
	m := &Manager{
		cfg: cfg, metrics: newMetrics(), announcer: newAnnouncer(cfg.OnChange),
		managed: make(map[string]*managed), leaving: make(map[string][]*runtime),
	}
	if cfg.Registerer != nil {
		if err := cfg.Registerer.Register(m.metrics); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	m.work, m.cancel = context.WithCancel(context.Background())
	if cfg.OnChange != nil {
		m.announcing.Go(m.announcer.run)
	}
	return m, nil
}

// View is what the manager believes of a cluster now. It is false if the manager does not manage the cluster. It does not
// block, and is cheap enough to be polled.
func (m *Manager) View(cluster string) (View, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c, ok := m.managed[cluster]
	if !ok {
		return View{}, false
	}
	// Read under the lock: otherwise a reader could read the old runtime's view after the new runtime took over.
	return c.current.view(), true
}

// Tenure is the Tenure of a cluster's View. It is false if the manager does not manage the cluster. It does not block.
func (m *Manager) Tenure(cluster string) (uint64, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c, ok := m.managed[cluster]
	if !ok {
		return 0, false
	}
	return c.tenure, true
}

// publish updates a runtime's view by a snapshot of one of its watches. The watch calls it, so it must not block.
func (m *Manager) publish(r *runtime, prefix string, s guard.Snapshot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	view := r.see(prefix, s)
	name := r.target.Cluster
	c, ok := m.managed[name]
	if !ok {
		return
	}
	if r == c.successor {
		after, ok := r.succeed(c.current)
		if !ok {
			return
		}
		// The new runtime takes over under the lock, so no reader sees a mix of both.
		old := c.current
		c.current, c.successor, view = r, nil, after
		m.retire(old, r)
	}
	if r == c.current {
		m.announcer.add(name, view)
	}
}

// OwnKeys are the keys that the manager registers in a cluster, and deletes when the cluster is removed: none if it has
// no registration or does not manage the cluster.
func (m *Manager) OwnKeys(cluster string) []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if _, ok := m.managed[cluster]; !ok {
		return nil
	}
	return m.cfg.Registration.allKeys()
}

// SetRegistration replaces what the manager registers in every cluster; a registration without keys removes it. It does
// not wait for any cluster. In each cluster the new keys are written before the old ones are deleted. In a cluster that
// cannot be reached, the old keys expire with their lease. If the registration is wrong, SetRegistration returns the error
// that [New] would return, and changes nothing.
func (m *Manager) SetRegistration(to Registration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	if err := m.cfg.checkRegistration(to); err != nil {
		return fmt.Errorf("invalid registration: %w", err)
	}
	m.cfg.Registration = to.clone()
	for _, c := range m.managed {
		c.current.registrar.replace(m.cfg.Registration)
		if c.successor != nil {
			c.successor.registrar.replace(m.cfg.Registration)
		}
	}
	return nil
}

// Close closes the manager. When it returns, no goroutine, connection or watch of the manager is left, and its
// registrations are deleted; in a cluster that cannot be reached, the registration expires with its lease. Clusters are
// closed concurrently, so Close returns within [Config.CloseBound], also if members hang, unless Config.OnChange takes
// longer. Further calls wait for the first and do nothing.
func (m *Manager) Close() error {
	m.mu.Lock()
	registerer := m.cfg.Registerer
	if !m.closed {
		m.closed = true
		m.cancel()
		for name, c := range m.managed {
			m.remove(name, c)
		}
		m.announcer.end()
	}
	m.mu.Unlock()
	m.tasks.Wait()
	m.announcing.Wait()
	if registerer != nil {
		registerer.Unregister(m.metrics)
	}
	return nil
}
