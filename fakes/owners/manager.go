package owners

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// stopping is the context of a contender. When it ends, the contender gives up what it owns and returns.
type stopping = context.Context

// manager is another manager, which mirrors the facts, and contenders for the things of each cluster.
type manager struct {
	harness.Manager
	setup   harness.Setup
	contend func(*contender, stopping)

	mu       sync.Mutex
	clusters map[string]*cluster
	push     func(cluster string, claims []harness.Claim)
}

// wrap adds contenders to a manager. What is pushed is passed through if the manager pushes its views.
func wrap(mirror harness.Manager, s harness.Setup, contend func(*contender, stopping)) harness.Manager {
	m := &manager{Manager: mirror, setup: s, contend: contend, clusters: map[string]*cluster{}}
	keys, owner := mirror.(harness.KeyOwner)
	pusher, pushes := mirror.(harness.Pusher)
	if owner && pushes {
		return struct {
			*manager
			harness.KeyOwner
			harness.Pusher
		}{m, keys, pusher}
	}
	return m
}

// cluster is a cluster, its client, and what is claimed in it.
type cluster struct {
	manager   *manager
	target    harness.Target
	client    *clientv3.Client
	cancel    context.CancelFunc
	contender sync.WaitGroup

	mu     sync.Mutex
	claims map[harness.Subject]harness.Claim
}

// PushClaims makes the manager call f with every change of its claims.
func (m *manager) PushClaims(f func(cluster string, claims []harness.Claim)) { m.push = f }

// Claims are what the manager owns in a cluster.
func (m *manager) Claims(name string) []harness.Claim {
	m.mu.Lock()
	c := m.clusters[name]
	m.mu.Unlock()
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.list()
}

// Apply begins to contend in new clusters, and gives up what is owned in those that are not among the targets.
func (m *manager) Apply(ctx context.Context, targets []harness.Target) error {
	err := m.Manager.Apply(ctx, targets)
	gone, failed := m.replace(targets)
	closeAll(gone)
	return errors.Join(err, failed)
}

// replace replaces the clusters by those of the targets, and returns the ones that are to be closed.
func (m *manager) replace(targets []harness.Target) (gone []*cluster, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := map[string]*cluster{}
	for _, t := range targets {
		if c := m.clusters[t.Cluster]; c != nil {
			if !slices.Equal(c.target.Endpoints, t.Endpoints) {
				c.target = t
				c.client.SetEndpoints(t.Endpoints...)
			}
			kept[t.Cluster] = c
			continue
		}
		c, failed := m.open(t)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("cluster %s: %w", t.Cluster, failed))
			continue
		}
		kept[t.Cluster] = c
	}
	for name, c := range m.clusters {
		if kept[name] == nil {
			gone = append(gone, c)
		}
	}
	m.clusters = kept
	return gone, err
}

func (m *manager) open(t harness.Target) (*cluster, error) {
	config := t.Config()
	config.DialKeepAliveTime = 10 * time.Second
	config.DialKeepAliveTimeout = 3 * time.Second
	client, err := clientv3.New(config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &cluster{manager: m, target: t, client: client, cancel: cancel, claims: map[harness.Subject]harness.Claim{}}
	for _, thing := range m.setup.Workload.Things {
		one := &contender{cluster: c, thing: thing, setup: m.setup, client: client}
		c.contender.Go(func() { m.contend(one, ctx) })
	}
	return c, nil
}

// Close gives up everything, while the mirror closes.
func (m *manager) Close() error {
	closed := make(chan error, 1)
	go func() { closed <- m.Manager.Close() }()
	gone, _ := m.replace(nil)
	closeAll(gone)
	return <-closed
}

// closeAll closes clusters at the same time and blocks until all are closed.
func closeAll(clusters []*cluster) {
	var closing sync.WaitGroup
	for _, c := range clusters {
		closing.Go(func() {
			c.cancel()
			c.contender.Wait()
			_ = c.client.Close() // the error says only that its context has ended
		})
	}
	closing.Wait()
}

// claim replaces what is claimed of a thing; nil: nothing. It pushes under the lock, so that changes are pushed in order.
func (c *cluster) claim(thing harness.Subject, claim *harness.Claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if claim == nil {
		delete(c.claims, thing)
	} else {
		c.claims[thing] = *claim
	}
	if c.manager.push != nil {
		c.manager.push(c.target.Cluster, c.list())
	}
}

// list is what is claimed now. The caller holds c.mu.
func (c *cluster) list() []harness.Claim {
	var all []harness.Claim
	for _, claim := range c.claims {
		if claim.Until.IsZero() || time.Now().Before(claim.Until) {
			all = append(all, claim)
		}
	}
	return all
}
