package owners

import (
	"context"
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
	manager *manager
	name    string
	cancel  context.CancelFunc
	work    sync.WaitGroup

	mu     sync.Mutex
	target harness.Target
	client *clientv3.Client // nil until it is made
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
	closeAll(m.replace(targets))
	return err
}

// replace replaces the clusters by those of the targets, and returns the ones that are to be closed.
func (m *manager) replace(targets []harness.Target) (gone []*cluster) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := map[string]*cluster{}
	for _, t := range targets {
		if c := m.clusters[t.Cluster]; c != nil {
			c.moveTo(t)
			kept[t.Cluster] = c
			continue
		}
		kept[t.Cluster] = m.open(t)
	}
	for name, c := range m.clusters {
		if kept[name] == nil {
			gone = append(gone, c)
		}
	}
	m.clusters = kept
	return gone
}

// open begins to contend in a cluster. It does not wait for its members: where a password is needed, a client is made only once one has answered.
func (m *manager) open(t harness.Target) *cluster {
	ctx, cancel := context.WithCancel(context.Background())
	c := &cluster{manager: m, name: t.Cluster, target: t, cancel: cancel, claims: map[harness.Subject]harness.Claim{}}
	c.work.Go(func() { c.run(ctx) })
	return c
}

// run contends until ctx ends.
func (c *cluster) run(ctx context.Context) {
	client := c.dial(ctx)
	if client == nil {
		return
	}
	defer client.Close() // the error says only that its context has ended
	var contending sync.WaitGroup
	for _, thing := range c.manager.setup.Workload.Things {
		one := &contender{cluster: c, thing: thing, setup: c.manager.setup, client: client}
		contending.Go(func() { c.manager.contend(one, ctx) })
	}
	contending.Wait()
}

// dial makes the cluster's client, and tries again until that succeeds. It returns nil if ctx ends first.
func (c *cluster) dial(ctx context.Context) *clientv3.Client {
	for {
		c.mu.Lock()
		config := c.target.Config()
		c.mu.Unlock()
		config.DialKeepAliveTime = 10 * time.Second
		config.DialKeepAliveTimeout = 3 * time.Second
		// The client itself must outlive ctx: at the end, leases are revoked through it.
		making, giveUp := context.WithCancel(context.Background())
		made := context.AfterFunc(ctx, giveUp)
		config.Context = making
		client, err := clientv3.New(config)
		if made() && err == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.client = client
			client.SetEndpoints(c.target.Endpoints...)
			return client
		}
		giveUp()
		if err == nil {
			_ = client.Close()
		}
		select {
		case <-time.After(c.manager.setup.Timing.RequestTimeout):
		case <-ctx.Done():
			return nil
		}
	}
}

// moveTo makes the client use the endpoints of a target.
func (c *cluster) moveTo(t harness.Target) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.Equal(c.target.Endpoints, t.Endpoints) {
		return
	}
	c.target = t
	if c.client != nil {
		c.client.SetEndpoints(t.Endpoints...)
	}
}

// Close gives up everything, while the mirror closes.
func (m *manager) Close() error {
	closed := make(chan error, 1)
	go func() { closed <- m.Manager.Close() }()
	closeAll(m.replace(nil))
	return <-closed
}

// closeAll closes clusters at the same time and blocks until all are closed.
func closeAll(clusters []*cluster) {
	var closing sync.WaitGroup
	for _, c := range clusters {
		closing.Go(func() {
			c.cancel()
			c.work.Wait()
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
		c.manager.push(c.name, c.list())
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
