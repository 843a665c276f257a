package flawed

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// cluster is a cluster that a manager follows.
type cluster struct {
	manager *manager
	traits  traits
	target  harness.Target
	members []*member
	owner   bool // the clients are its own
	state   *state
	cancel  context.CancelFunc
	hangUp  context.CancelFunc // ends the context of the clients
	running sync.WaitGroup

	mu       sync.Mutex // guards what is below, and how the members have behaved
	sequence int        // the number of failures so far
	first    *member    // the one that served the first watch; nil before that
}

// open begins to follow a cluster, which is shown as before until all of it has been read. The caller holds m.mu.
func (m *manager) open(t harness.Target, before harness.View) (*cluster, error) {
	c := &cluster{manager: m, traits: m.traits, target: t}
	push := m.push
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.state = newState(c.traits, m.setup.Workload, func(v harness.View) {
		if push != nil && ctx.Err() == nil {
			push(t.Cluster, v)
		}
	})
	c.state.before, c.state.view = before, before
	if err := c.connect(); err != nil {
		cancel()
		return nil, err
	}
	if c.traits.waitsForSlowest {
		return c, nil
	}
	for _, prefix := range c.traits.followed(m.setup.Workload) {
		f := &follower{cluster: c, traits: c.traits, prefix: prefix, state: c.state}
		c.running.Go(func() { f.follow(ctx) })
	}
	if c.traits.beside != nil {
		c.running.Go(func() {
			if client, err := c.members[0].etcd(ctx); err == nil {
				c.traits.beside(ctx, client, m.setup)
			}
		})
	}
	if c.traits.register > 0 && !c.traits.neverRegisters {
		r := &registrar{cluster: c}
		c.running.Go(func() { r.run(ctx) })
	}
	return c, nil
}

// connect makes the members and, unless they must log in first, their clients.
func (c *cluster) connect() error {
	if c.traits.sharesClient && len(c.manager.clusters) > 0 {
		for _, other := range c.manager.clusters {
			c.members = other.members
		}
		return nil
	}
	c.owner = true
	config := c.target.Config()
	config.Context, c.hangUp = context.WithCancel(context.Background())
	if c.traits.client != nil {
		c.traits.client(&config)
	}
	groups := [][]string{config.Endpoints}
	if c.traits.eachMember {
		groups = nil
		for _, endpoint := range config.Endpoints {
			groups = append(groups, []string{endpoint})
		}
	}
	shared := &token{fetching: newLock()}
	for _, endpoints := range groups {
		config.Endpoints = endpoints
		m, err := newMember(config, c.traits, shared)
		if err != nil {
			return errors.Join(err, c.disconnect())
		}
		c.members = append(c.members, m)
	}
	return nil
}

// disconnect closes the clients at the same time.
func (c *cluster) disconnect() error {
	if !c.owner {
		return nil
	}
	errs := make([]error, len(c.members))
	var closing sync.WaitGroup
	for i, m := range c.members {
		closing.Go(func() {
			errs[i] = m.close()
		})
		if c.traits.closesOneByOne {
			closing.Wait()
		}
	}
	closing.Wait()
	c.hangUp()
	return errors.Join(errs...)
}

// close stops following the cluster and closes its clients. It blocks until everything has ended.
func (c *cluster) close() error {
	c.cancel()
	c.running.Wait()
	return c.disconnect()
}

// pick returns the member to try next: of those that are not in quarantine, the one whose last failure is the longest ago; if all are in quarantine,
// the one whose quarantine ends next. It returns nil if there is no member left.
func (c *cluster) pick(last *member) *member {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.traits.pinned && c.first != nil {
		return c.first
	}
	if c.traits.staysOnReadyMember && last != nil && last.ready() {
		return last
	}
	var found *member
	now := time.Now()
	for _, m := range c.members {
		if found == nil || m.before(found, now) {
			found = m
		}
	}
	if c.traits.expels && found.until.After(now) {
		return nil
	}
	return found
}

// served notes that a member has served a watch.
func (c *cluster) served(m *member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first == nil {
		c.first = m
	}
}

func (m *member) before(o *member, now time.Time) bool {
	quarantined, other := m.until.After(now), o.until.After(now)
	switch {
	case quarantined != other:
		return other
	case quarantined:
		return m.until.Before(o.until)
	}
	return m.failed < o.failed
}

// left notes why a member was left.
func (c *cluster) left(m *member, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	m.failed = c.sequence
	var idle *idleTimeoutError
	if errors.Is(err, errStale) || errors.As(err, &idle) {
		m.until = time.Now().Add(c.traits.quarantine)
		if c.traits.expels {
			m.until = time.Unix(math.MaxInt32, 0)
		}
	}
}

// others are the members except one.
func (c *cluster) others(than *member) []*member {
	var list []*member
	for _, m := range c.members {
		if m != than {
			list = append(list, m)
		}
	}
	return list
}

// exclusively calls f, with the lock of all clusters if locked is set.
func (c *cluster) exclusively(ctx context.Context, locked bool, f func()) {
	if locked {
		c.manager.lock.hold(ctx, f)
		return
	}
	f()
}

// awaitRead blocks until everything in the cluster was read, but not for longer than three reads may take.
func (c *cluster) awaitRead(ctx context.Context) {
	ctx, cancel := limited(ctx, 3*c.traits.request)
	defer cancel()
	select {
	case <-c.state.ready:
	case <-ctx.Done():
	}
}
