package manager

import (
	"context"
	"fmt"
	"slices"
)

// Apply makes targets the complete set of managed clusters. It begins to manage new ones, which need not be
// reachable; it closes those that are missing, and returns when they are gone. A cluster whose target changed gets
// a new runtime beside the old one, which serves until the new one has caught up with it, however long that takes.
// See [Target] for what counts as a change.
//
// A wrong target is a [*TargetError], and then nothing has changed. When ctx ends, Apply returns early and the
// closing goes on in the background.
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

// arrange starts and ends what must be, in one step, and returns the runtimes that are ending.
func (m *Manager) arrange(wanted map[string]Target, names []string) (removed []*runtime, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	for name, s := range m.slots {
		if _, ok := wanted[name]; ok {
			continue
		}
		delete(m.slots, name)
		m.retire(s.heir, nil)
		m.retire(s.current, nil)
		s.heir = nil
		removed = append(removed, m.leaving[name]...)
	}
	for _, name := range names {
		m.place(name, wanted[name])
	}
	return removed, nil
}

// place gives a cluster the runtime that its target asks for.
func (m *Manager) place(name string, target Target) {
	s, ok := m.slots[name]
	switch {
	case !ok:
		m.slots[name] = &slot{current: startRuntime(m.work, m.cfg, target, m.predecessor(name))}
	case s.current.target.same(target):
		m.retire(s.heir, nil)
		s.heir = nil
	case s.heir != nil && s.heir.target.same(target):
	default:
		m.retire(s.heir, nil)
		heir := startRuntime(m.work, m.cfg, target, s.current.registrar.stopped)
		s.heir = heir
		m.tasks.Go(func() { m.succeed(s, heir) })
	}
}

// predecessor is what the registration of a new cluster must wait for: that of its earlier self, if the cluster
// was removed a moment ago.
func (m *Manager) predecessor(name string) <-chan struct{} {
	if earlier := m.leaving[name]; len(earlier) > 0 {
		return earlier[len(earlier)-1].registrar.stopped
	}
	none := make(chan struct{})
	close(none)
	return none
}

// retire closes a runtime, if there is one, in the background. The caller holds the lock.
func (m *Manager) retire(r, heir *runtime) {
	if r == nil {
		return
	}
	// Dismissed here already: whoever waits for the registration of another runtime to stop must not be let go first,
	// and its handles must fail before anybody can see that another runtime serves the cluster.
	name := r.target.Cluster
	r.dismiss(&ClusterGoneError{Cluster: name, Replaced: heir != nil, Closed: m.closed})
	m.leaving[name] = append(m.leaving[name], r)
	m.tasks.Go(func() {
		r.close(heir)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.leaving[name] = slices.DeleteFunc(m.leaving[name], func(other *runtime) bool { return other == r })
		if len(m.leaving[name]) == 0 {
			delete(m.leaving, name)
		}
	})
}

// succeed lets an heir take its slot over as soon as nobody can tell from the view that it did.
func (m *Manager) succeed(s *slot, heir *runtime) {
	for {
		changed := heir.board.changed.wait()
		if m.takeOver(s, heir) {
			return
		}
		select {
		case <-changed:
		case <-heir.work.Done():
			return
		}
	}
}

// takeOver is one step under the lock, which no reader of views can enter halfway.
func (m *Manager) takeOver(s *slot, heir *runtime) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || s.heir != heir || !heir.board.mayReplace(s.current.board) {
		return false
	}
	old := s.current
	s.current, s.heir = heir, nil
	m.retire(old, heir)
	return true
}
