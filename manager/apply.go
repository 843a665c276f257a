package manager

import (
	"context"
	"fmt"
	"slices"
)

// Apply makes targets the complete set of managed clusters. It begins to manage new clusters, which need not be
// reachable. It closes clusters that are missing in targets, and blocks until they are closed. A cluster whose target
// changed gets a new runtime; the old one serves until the new one has caught up with it, as far as its probes show and
// however long that takes, or has found that the cluster was restored from a backup meanwhile.
// See [Target] for what counts as a change.
//
// If a target is wrong, Apply returns a [*TargetError] and changes nothing. If ctx ends, Apply returns the context's
// error, and the closing goes on in the background.
func (m *Manager) Apply(ctx context.Context, targets []Target) error {
	wanted, names, err := normalizeAll(targets)
	if err != nil {
		return err
	}
	removed, err := m.arrange(wanted, names)
	if err != nil {
		return err
	}
	for _, r := range removed {
		select {
		case <-r.gone:
		case <-ctx.Done():
			return fmt.Errorf("closing cluster %q goes on in the background: %w", r.target.Cluster, ctx.Err())
		}
	}
	return nil
}

// arrange starts and stops runtimes so that the wanted clusters are managed, under one lock, and returns the runtimes
// that are closing.
func (m *Manager) arrange(wanted map[string]Target, names []string) (removed []*runtime, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	for name, c := range m.managed {
		if _, ok := wanted[name]; ok {
			continue
		}
		m.remove(name, c)
		removed = append(removed, m.leaving[name]...)
	}
	for _, name := range names {
		if err := m.place(name, wanted[name]); err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// remove ends the management of a cluster. The caller holds the lock.
func (m *Manager) remove(name string, c *managed) {
	delete(m.managed, name)
	m.retire(c.successor, nil)
	m.retire(c.current, nil)
	m.announcer.add(name, View{Tenure: c.tenure, Err: &ClusterGoneError{Cluster: name, Closed: m.closed}})
}

// place gives a cluster the runtime that its target asks for. The caller holds the lock.
func (m *Manager) place(name string, target Target) error {
	c, ok := m.managed[name]
	switch {
	case !ok:
		m.tenures++
		r, err := startRuntime(m, target, m.tenures, m.predecessor(name))
		if err != nil {
			return err
		}
		m.managed[name] = &managed{tenure: m.tenures, current: r}
	case c.current.target.same(target):
		m.retire(c.successor, nil)
		c.successor = nil
	case c.successor != nil && c.successor.target.same(target):
	default:
		r, err := startRuntime(m, target, c.tenure, c.current.registrar.stopped)
		if err != nil {
			return err
		}
		m.retire(c.successor, nil)
		c.successor = r
	}
	return nil
}

// predecessor returns the channel that the registration of a new cluster must wait for. If the cluster was removed a
// moment ago, the channel is closed when the earlier registration has stopped.
func (m *Manager) predecessor(name string) <-chan struct{} {
	if earlier := m.leaving[name]; len(earlier) > 0 {
		return earlier[len(earlier)-1].registrar.stopped
	}
	none := make(chan struct{})
	close(none)
	return none
}

// retire closes a runtime, if there is one, in the background. The caller holds the lock.
func (m *Manager) retire(r, successor *runtime) {
	if r == nil {
		return
	}
	// Stop it now and not in the background: its registration must not go on after that of another runtime has begun, and
	// its handles must fail before anybody can see that another runtime serves the cluster.
	name := r.target.Cluster
	r.stop(&ClusterGoneError{Cluster: name, Replaced: successor != nil, Closed: m.closed})
	m.leaving[name] = append(m.leaving[name], r)
	m.tasks.Go(func() {
		r.close(successor)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.leaving[name] = slices.DeleteFunc(m.leaving[name], func(other *runtime) bool { return other == r })
		if len(m.leaving[name]) == 0 {
			delete(m.leaving, name)
		}
	})
}
