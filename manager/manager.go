package manager

import (
	"context"
	"fmt"
	"sync"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// Manager keeps watch on a changing set of etcd clusters. All its methods may be called concurrently.
type Manager struct {
	metrics   *metrics
	announcer *announcer
	work      context.Context
	cancel    context.CancelFunc
	// tasks is every runtime's end; runtimes await their own goroutines. announcing is the announcer.
	tasks, announcing sync.WaitGroup

	// From cfg on, mu guards the fields. It is never held while waiting.
	mu sync.RWMutex
	// Of cfg only the registration changes.
	cfg     Config
	closed  bool
	tenures uint64
	managed map[string]*managed
	// leaving has each cluster's retired runtimes, in the order of their retirement, until they are gone.
	leaving map[string][]*runtime
}

// managed is one cluster: the runtime that serves it and, after its target changed, the one to come. Manager.mu guards it.
type managed struct {
	tenure    uint64
	current   *runtime
	successor *runtime
}

// New makes a manager of no clusters yet, or says everything that is wrong with the config.
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

// View is what the manager believes of a cluster now, and whether it manages it at all. It does not wait for
// anything, and is cheap enough to be polled.
func (m *Manager) View(cluster string) (View, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c, ok := m.managed[cluster]
	if !ok {
		return View{}, false
	}
	// Read under the lock: a reader who found a runtime before its successor took over must not read it after.
	return c.current.view(), true
}

// publish takes in what a watch of a runtime knows now. The watch calls it, so it must not wait.
func (m *Manager) publish(r *runtime, prefix string, s guard.Snapshot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	view := r.see(prefix, s)
	name := r.target.Cluster
	c, ok := m.managed[name]
	switch {
	case !ok:
		return
	case r == c.successor && view.mayReplace(c.current.view()):
		// One step under the lock, which no reader of views can enter halfway.
		old := c.current
		c.current, c.successor = r, nil
		m.retire(old, r)
	case r != c.current:
		return
	}
	m.announcer.add(name, view)
}

// OwnKeys are the keys that the manager keeps for itself in a cluster, which it deletes in the end: none when it
// has no registration or does not manage the cluster.
func (m *Manager) OwnKeys(cluster string) []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if _, ok := m.managed[cluster]; !ok {
		return nil
	}
	return m.cfg.Registration.allKeys()
}

// SetRegistration replaces what the manager registers, in every cluster; without keys it takes it away. It does not
// wait for any cluster. In each one the new keys come before those that are no longer wanted go, and a cluster
// that cannot be reached loses the old ones by their lease's expiry. A registration that [New] would refuse changes
// nothing.
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

// Close gives every cluster up. When it returns, no goroutine, connection or watch of the manager is left, and its
// registrations are withdrawn; a cluster that cannot be reached loses its registration by the lease's expiry. All
// clusters are closed side by side, so that it returns within [Config.CloseBound], hung members or not, unless
// Config.OnChange takes longer. Further calls wait for the first and do nothing.
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
