package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Mirror makes a [Manager] of code that mirrors keys of one cluster: you write one function, Mirror does the rest.
//
//	candidate := harness.Candidate{Name: "mine", New: harness.Mirror{Follow: follow}.New, …}
//
// It makes a client and calls Follow for each cluster that it is given.
type Mirror struct {
	// Follow publishes what the code under test sees of a cluster, each time that it changes, until ctx ends, and then returns. publish may be
	// called from any goroutine and returns soon. If Follow returns an error before ctx ends, the view keeps its facts and shows the error. If it
	// claimed to be up to date, it no longer does.
	Follow func(ctx context.Context, client *clientv3.Client, publish func(View)) error
	// Client may change the client's configuration, which is complete without it. Nil: it is not changed.
	Client func(*clientv3.Config)
	// FollowTarget replaces Follow for code that makes its own clients. It does the same with a target instead of a client. Nil: Follow is used.
	FollowTarget func(ctx context.Context, target Target, publish func(View)) error
	// OwnKeys are the keys that the code keeps in each cluster, see [KeyOwner].
	OwnKeys []string
}

// New makes the manager. It is a [NewManager] and never fails.
func (m Mirror) New(Setup) (Manager, error) {
	return &mirrors{mirror: m, clusters: map[string]*mirrored{}}, nil
}

// mirrors is the manager that Mirror makes. It follows each cluster by itself.
type mirrors struct {
	mirror Mirror

	mu       sync.Mutex
	clusters map[string]*mirrored
	push     func(string, View)
}

// mirrored is one cluster, followed until it is closed.
type mirrored struct {
	target Target
	client *clientv3.Client // nil if the code makes its own, or the follower logs in
	cancel context.CancelFunc
	done   chan struct{}

	mu   sync.Mutex
	view View
}

// Apply begins to follow new clusters, and begins again with those whose endpoints or credentials changed, which are shown as before meanwhile. It
// stops following clusters that are not among the targets, and blocks until that has ended.
func (m *mirrors) Apply(_ context.Context, targets []Target) error {
	wanted := map[string]Target{}
	for _, t := range targets {
		wanted[t.Cluster] = t
	}
	var gone []*mirrored
	shown := map[string]View{} // what is shown of a cluster whose target changes, until its new follower publishes
	m.mu.Lock()
	for _, name := range slices.Sorted(maps.Keys(m.clusters)) {
		if t, ok := wanted[name]; !ok || !t.Equal(m.clusters[name].target) {
			gone = append(gone, m.clusters[name])
			m.clusters[name].cancel() // from now on it publishes nothing
			shown[name] = m.clusters[name].shown()
			delete(m.clusters, name)
		}
	}
	var errs []error
	for _, t := range targets {
		if m.clusters[t.Cluster] != nil {
			continue
		}
		opened, err := m.open(t, shown[t.Cluster])
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

// open begins to follow a cluster, which is shown as v until something is published. The caller holds m.mu.
func (m *mirrors) open(t Target, v View) (*mirrored, error) {
	c := &mirrored{target: t, done: make(chan struct{}), view: v}
	follow := func(ctx context.Context, publish func(View)) error { return m.mirror.FollowTarget(ctx, t, publish) }
	if m.mirror.FollowTarget == nil {
		config := t.Config()
		if m.mirror.Client != nil {
			m.mirror.Client(&config)
		}
		if t.Username == "" {
			var err error
			if c.client, err = clientv3.New(config); err != nil {
				return nil, err
			}
			follow = func(ctx context.Context, publish func(View)) error { return m.mirror.Follow(ctx, c.client, publish) }
		} else {
			follow = func(ctx context.Context, publish func(View)) error {
				return m.mirror.logInAndFollow(ctx, config, publish)
			}
		}
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
			publish(func(v View) View {
				v.Err = err
				if v.Health != HealthUnknown { // Honesty asks nothing of code that says nothing of its health
					v.Health = OutOfDate
				}
				return v
			})
		}
	}()
	return c, nil
}

// logInAndFollow makes a client that must log in, and calls Follow with it. clientv3.New blocks until a member answers, so it is called here and not in
// Apply. If it fails, the view shows the error until an attempt succeeds.
func (m Mirror) logInAndFollow(ctx context.Context, config clientv3.Config, publish func(View)) error {
	config.Context = ctx
	for {
		client, err := clientv3.New(config)
		if err == nil {
			defer client.Close()
			return m.Follow(ctx, client, publish)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		publish(View{Err: fmt.Errorf("log in: %w", err)})
		timer := time.NewTimer(time.Second)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// close stops following the cluster and closes its client. It blocks until both have ended.
func (c *mirrored) close() error {
	c.cancel()
	var err error
	if c.client != nil {
		err = c.client.Close()
	}
	<-c.done
	if errors.Is(err, context.Canceled) {
		return nil // Close of a clientv3.Client cancels its context, and may return that as an error
	}
	return err
}

// View returns the view that was published last.
func (m *mirrors) View(cluster string) (View, bool) {
	m.mu.Lock()
	c := m.clusters[cluster]
	m.mu.Unlock()
	if c == nil {
		return View{}, false
	}
	return c.shown(), true
}

func (c *mirrored) shown() View {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view
}

// Push makes the manager call f with every view that is published.
func (m *mirrors) Push(f func(cluster string, v View)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.push = f
}

// OwnKeys returns Mirror.OwnKeys.
func (m *mirrors) OwnKeys(string) []string { return m.mirror.OwnKeys }

// Close stops following all clusters.
func (m *mirrors) Close() error { return m.Apply(context.Background(), nil) }
