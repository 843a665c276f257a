package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Mirror is an adapter for code that mirrors keys of one cluster: it takes one function, and does the rest of a [Manager].
//
//	candidate := harness.Candidate{Name: "mine", New: harness.Mirror{Follow: follow}.New, …}
//
// Each cluster has a client and a call of Follow of its own.
type Mirror struct {
	// Follow keeps publishing what the code under test sees of a cluster until ctx ends, and then returns. publish may be called from any
	// goroutine and returns at once. An error that Follow returns earlier is shown in the view, which stays as it is.
	Follow func(ctx context.Context, client *clientv3.Client, publish func(View)) error
	// Client changes the configuration of the client, which is complete already. Nil: the client as it comes.
	Client func(*clientv3.Config)
	// FollowTarget takes the place of Follow for code that makes clients of its own: it does the same, given the cluster.
	FollowTarget func(ctx context.Context, target Target, publish func(View)) error
	// OwnKeys are the keys that the code keeps in each cluster.
	OwnKeys []string
}

// New makes the manager.
func (m Mirror) New(Setup) (Manager, error) {
	return &mirrors{mirror: m, clusters: map[string]*mirrored{}}, nil
}

// mirrors is a manager whose clusters have nothing to do with each other.
type mirrors struct {
	mirror Mirror

	mu       sync.Mutex
	clusters map[string]*mirrored
	push     func(string, View)
}

// mirrored is one cluster, followed until it is closed.
type mirrored struct {
	target Target
	client *clientv3.Client // nil if the code makes its own
	cancel context.CancelFunc
	done   chan struct{}

	mu   sync.Mutex
	view View
}

// Apply opens what is new, opens anew what has other endpoints, and closes what is gone.
func (m *mirrors) Apply(_ context.Context, targets []Target) error {
	wanted := map[string]Target{}
	for _, t := range targets {
		wanted[t.Cluster] = t
	}
	var gone []*mirrored
	m.mu.Lock()
	for _, name := range slices.Sorted(maps.Keys(m.clusters)) {
		if t, ok := wanted[name]; !ok || !slices.Equal(t.Endpoints, m.clusters[name].target.Endpoints) {
			gone = append(gone, m.clusters[name])
			delete(m.clusters, name)
		}
	}
	var errs []error
	for _, t := range targets {
		if m.clusters[t.Cluster] != nil {
			continue
		}
		opened, err := m.open(t)
		if err != nil {
			errs = append(errs, fmt.Errorf("cluster %s: %w", t.Cluster, err))
			continue
		}
		m.clusters[t.Cluster] = opened
	}
	m.mu.Unlock()
	for _, g := range gone {
		errs = append(errs, g.close())
	}
	return errors.Join(errs...)
}

// open begins to follow a cluster. The caller holds m.mu.
func (m *mirrors) open(t Target) (*mirrored, error) {
	c := &mirrored{target: t, done: make(chan struct{})}
	follow := func(ctx context.Context, publish func(View)) error { return m.mirror.FollowTarget(ctx, t, publish) }
	if m.mirror.FollowTarget == nil {
		config := t.Config()
		if m.mirror.Client != nil {
			m.mirror.Client(&config)
		}
		var err error
		if c.client, err = clientv3.New(config); err != nil {
			return nil, err
		}
		follow = func(ctx context.Context, publish func(View)) error { return m.mirror.Follow(ctx, c.client, publish) }
	}
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(context.Background())
	push := m.push
	publish := func(change func(View) View) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.view = change(c.view)
		if push != nil && ctx.Err() == nil {
			push(t.Cluster, c.view)
		}
	}
	go func() {
		defer close(c.done)
		err := follow(ctx, func(v View) {
			v.Facts = maps.Clone(v.Facts)
			publish(func(View) View { return v })
		})
		if err != nil && ctx.Err() == nil {
			publish(func(v View) View { v.Err, v.Health = err, OutOfDate; return v })
		}
	}()
	return c, nil
}

// close ends the following and the client, and blocks until both are gone.
func (c *mirrored) close() error {
	c.cancel()
	var err error
	if c.client != nil {
		err = c.client.Close()
	}
	<-c.done
	if errors.Is(err, context.Canceled) {
		return nil // that is how a client says that it is closed
	}
	return err
}

// View is what was published last.
func (m *mirrors) View(cluster string) (View, bool) {
	m.mu.Lock()
	c := m.clusters[cluster]
	m.mu.Unlock()
	if c == nil {
		return View{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view, true
}

// Push has every published view handed on.
func (m *mirrors) Push(f func(cluster string, v View)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.push = f
}

// OwnKeys are those of the mirror.
func (m *mirrors) OwnKeys(string) []string { return m.mirror.OwnKeys }

// Close stops following all clusters.
func (m *mirrors) Close() error { return m.Apply(context.Background(), nil) }
