package flawed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// manager is the base of the managers in this package: it follows the prefixes of each cluster that it is given.
type manager struct {
	setup  harness.Setup
	order  []string // of the clusters that were given last
	traits traits
	lock   lock // of all clusters, for managers that share one

	mu       sync.Mutex
	clusters map[string]*cluster
	removed  []*cluster // those that were removed and not closed
	handles  map[string]*cluster
	push     func(string, harness.View)
	rounds   *rounds // nil unless one loop polls all clusters
}

// make makes a manager with these traits.
func (t traits) make(s harness.Setup) (harness.Manager, error) {
	m := &manager{setup: s, traits: t, lock: newLock(), clusters: map[string]*cluster{}, handles: map[string]*cluster{}}
	if t.keepsHandles {
		return m, nil // a manager that pushed its views would not be asked for them
	}
	return pusher{m}, nil
}

// pusher is a manager that pushes its views.
type pusher struct{ *manager }

// Push makes the manager call f with every view.
func (p pusher) Push(f func(cluster string, v harness.View)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.push = f
}

// Apply begins to follow new clusters, begins again with those whose endpoints or credentials changed, and closes those that are not among the targets.
func (m *manager) Apply(ctx context.Context, targets []harness.Target) error {
	opened, gone, err := m.replace(targets)
	if reload := len(opened) < len(targets); reload && m.traits.stopsForReload {
		m.lock.hold(ctx, func() {
			for _, c := range opened {
				c.awaitRead(ctx)
			}
		})
	}
	return errors.Join(err, closeAll(gone))
}

// replace replaces the clusters by those of the targets. It returns the new ones, and those that the caller must close.
func (m *manager) replace(targets []harness.Target) (opened, gone []*cluster, err error) {
	wanted := map[string]harness.Target{}
	for _, t := range targets {
		wanted[t.Cluster] = t
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	reordered := m.reorder(targets) && m.traits.rebuildsReordered
	for _, name := range slices.Sorted(maps.Keys(m.clusters)) {
		c := m.clusters[name]
		if t, ok := wanted[name]; ok && m.unchanged(c.target, t) && !reordered {
			continue
		}
		delete(m.clusters, name)
		if m.traits.leaksRemoved {
			m.removed = append(m.removed, c)
			continue
		}
		gone = append(gone, c)
	}
	var errs []error
	for _, t := range targets {
		if m.clusters[t.Cluster] != nil {
			continue
		}
		var before harness.View
		if i := slices.IndexFunc(gone, func(c *cluster) bool { return c.target.Cluster == t.Cluster }); i >= 0 {
			gone[i].cancel() // from now on it publishes nothing
			before = gone[i].state.last()
		}
		c, err := m.open(t, before)
		if err != nil {
			errs = append(errs, fmt.Errorf("cluster %s: %w", t.Cluster, err))
			continue
		}
		m.clusters[t.Cluster] = c
		opened = append(opened, c)
	}
	if m.traits.waitsForSlowest && m.rounds == nil {
		m.rounds = startRounds(m)
	}
	return opened, gone, errors.Join(errs...)
}

// unchanged says whether what follows a cluster at one target may go on at the other.
func (m *manager) unchanged(was, now harness.Target) bool {
	if m.traits.keepsCredentials {
		now.TLS, now.Username, now.Password = was.TLS, was.Username, was.Password
	}
	return was.Equal(now)
}

// reorder says whether the clusters are given in another order than the last time. The caller holds m.mu.
func (m *manager) reorder(targets []harness.Target) bool {
	before := m.order
	m.order = nil
	for _, t := range targets {
		m.order = append(m.order, t.Cluster)
	}
	return before != nil && !slices.Equal(before, m.order)
}

// View returns the last view of a cluster.
func (m *manager) View(cluster string) (harness.View, bool) {
	if m.traits.needsPrimary {
		m.primary().state.last() // whoever looks at a cluster looks at the primary too
	}
	c := m.shown(cluster)
	if c == nil {
		return harness.View{}, false
	}
	return c.state.last(), true
}

// shown is the cluster that View shows under a name; nil if there is none.
func (m *manager) shown(name string) *cluster {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.clusters[name]
	if m.traits.keepsHandles {
		if m.handles[name] == nil {
			m.handles[name] = c
		}
		return m.handles[name]
	}
	return c
}

// primary is the only cluster; nil if there are two.
func (m *manager) primary() *cluster {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.clusters) != 1 {
		return nil
	}
	for _, c := range m.clusters {
		return c
	}
	return nil
}

// managed are the clusters in the order of their names.
func (m *manager) managed() []*cluster {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []*cluster
	for _, name := range slices.Sorted(maps.Keys(m.clusters)) {
		list = append(list, m.clusters[name])
	}
	return list
}

// OwnKeys is the manager's own key, if it has one.
func (m *manager) OwnKeys(string) []string {
	if m.traits.leaseTTL == 0 {
		return nil
	}
	return []string{m.ownKey()}
}

// ownPrefix is the prefix of the own keys of all managers of such a kind: with the workload tidb, TiProxy's.
func (m *manager) ownPrefix() string {
	if m.setup.Workload.Name == "tidb" {
		return "/topology/tiproxy/"
	}
	return "/owners/"
}

// ownKey is that of the manager's address. Each manager of a world has another one, and 10.0.0.9 is the neighbour of the workload tidb.
func (m *manager) ownKey() string {
	return fmt.Sprintf("%s10.0.0.%d:6000/info", m.ownPrefix(), 8+10*max(0, m.setup.Number-1))
}

// Close closes all clusters.
func (m *manager) Close() error {
	if m.rounds != nil {
		m.rounds.end()
	}
	_, gone, err := m.replace(nil)
	m.mu.Lock()
	gone = append(gone, m.removed...)
	m.removed = nil
	m.mu.Unlock()
	return errors.Join(err, closeAll(gone))
}

// closeAll closes clusters at the same time and blocks until all are closed.
func closeAll(clusters []*cluster) error {
	errs := make([]error, len(clusters))
	var closing sync.WaitGroup
	for i, c := range clusters {
		closing.Go(func() { errs[i] = c.close() })
	}
	closing.Wait()
	return errors.Join(errs...)
}

// lock is a lock that may be held during requests. In virtual time nobody may wait for a mutex, so it is a channel.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

// hold calls f with the lock held, unless ctx ends before.
func (l lock) hold(ctx context.Context, f func()) {
	select {
	case l <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-l }()
	f()
}

// pause blocks for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
