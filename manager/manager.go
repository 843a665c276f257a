package manager

import (
	"context"
	"fmt"
	"sync"
)

// Manager keeps watch on a changing set of etcd clusters. All its methods may be called concurrently.
type Manager struct {
	cfg    Config
	work   context.Context
	cancel context.CancelFunc
	// tasks is every runtime's end and every succession; runtimes await their own goroutines.
	tasks sync.WaitGroup

	mu     sync.RWMutex
	closed bool
	slots  map[string]*slot
	// leaving has each cluster's retired runtimes, in the order of their retirement, until they are gone.
	leaving map[string][]*runtime
}

// slot is a managed cluster: the runtime that serves it and, after its target changed, the one to come.
type slot struct {
	current *runtime
	heir    *runtime
}

// New makes a manager of no clusters yet, or says everything that is wrong with the config.
func New(cfg Config) (*Manager, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("invalid config: %w", err)
	}
	cfg.metrics = newMetrics()
	if cfg.Registerer != nil {
		if err := cfg.Registerer.Register(cfg.metrics); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	m := &Manager{cfg: cfg, slots: make(map[string]*slot), leaving: make(map[string][]*runtime)}
	m.work, m.cancel = context.WithCancel(context.Background())
	return m, nil
}

// View is what the manager believes of a cluster now, and whether it manages it at all. It does not wait for
// anything, and is cheap enough to be polled.
func (m *Manager) View(cluster string) (View, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s, ok := m.slots[cluster]
	if !ok {
		return View{}, false
	}
	// Read under the lock: a reader who found a runtime before its heir took over must not read it after.
	return *s.current.board.view.Load(), true
}

// OwnKeys are the keys that the manager keeps for itself in a cluster, which it deletes in the end: none when it
// has no registration or does not manage the cluster.
func (m *Manager) OwnKeys(cluster string) []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if _, ok := m.slots[cluster]; !ok {
		return nil
	}
	return m.cfg.Registration.keys()
}

// SetAddress moves the manager's registration, in every cluster, to another host:port; empty takes it away. It does
// not wait for any cluster. In each one the keys of the new address come before those of the old one go, and a cluster
// that cannot be reached loses the old ones by their lease's expiry. An address that [New] would refuse changes
// nothing.
func (m *Manager) SetAddress(address string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	cfg := m.cfg
	cfg.Registration.Address = address
	if err := cfg.validate(); err != nil {
		return fmt.Errorf("invalid address: %w", err)
	}
	m.cfg = cfg
	for _, s := range m.slots {
		s.current.registrar.move(cfg.Registration)
		if s.heir != nil {
			s.heir.registrar.move(cfg.Registration)
		}
	}
	return nil
}

// Close gives every cluster up. When it returns, no goroutine, connection or watch of the manager is left, and its
// registrations are withdrawn; a cluster that cannot be reached loses its registration by the lease's expiry. All
// clusters are closed side by side, so that it returns within [Config.CloseBound], hung members or not. Further calls wait for the first
// and do nothing. One thing may outlive it by seconds: a frozen connection that gRPC's keepalive has just given up, which gRPC closes
// itself after its own farewell.
func (m *Manager) Close() error {
	m.mu.Lock()
	if !m.closed {
		m.closed = true
		m.cancel()
		for _, s := range m.slots {
			m.retire(s.heir, nil)
			m.retire(s.current, nil)
		}
		m.slots = nil
	}
	m.mu.Unlock()
	m.tasks.Wait()
	if m.cfg.Registerer != nil {
		m.cfg.Registerer.Unregister(m.cfg.metrics)
	}
	return nil
}
