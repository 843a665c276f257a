// Package burden has managers that add one bad habit to a good manager. Their views stay fresh; the habit burdens the clusters, or shows in what the
// manager claims.
package burden

import (
	"context"
	"errors"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// All are a good manager with one bad habit each.
func All(good harness.Candidate) []harness.Candidate {
	return []harness.Candidate{
		recreateLoop(good), retryStorm(good), pinger(good), deadConnection(good), forgottenWatch(good), alwaysWell(good), neverWell(good), eventwise(good),
	}
}

// habit is something that a manager does beside its work, with a client of its own for each cluster, until ctx ends.
type habit struct {
	// client changes the configuration of the client. Nil: it is used as it comes.
	client func(*clientv3.Config)
	do     func(ctx context.Context, client *clientv3.Client, s harness.Setup)
}

// with is the good manager with a habit.
func with(good harness.Candidate, name, summary string, h habit) harness.Candidate {
	c := good
	c.Name, c.Summary = name, summary
	c.New = func(s harness.Setup) (harness.Manager, error) {
		m, err := good.New(s)
		if err != nil {
			return nil, err
		}
		b := &burdened{Manager: m, habit: h, setup: s, clients: map[string]*clientv3.Client{}}
		b.ctx, b.cancel = context.WithCancel(context.Background())
		return b, nil
	}
	return c
}

// burdened is the good manager and its habit.
type burdened struct {
	harness.Manager
	habit  habit
	setup  harness.Setup
	ctx    context.Context
	cancel context.CancelFunc
	doing  sync.WaitGroup

	mu      sync.Mutex
	clients map[string]*clientv3.Client // by cluster
}

// Apply gives the clusters to the good manager and begins the habit with each new one.
func (b *burdened) Apply(ctx context.Context, targets []harness.Target) error {
	for _, t := range targets {
		if err := b.begin(t); err != nil {
			return err
		}
	}
	return b.Manager.Apply(ctx, targets)
}

func (b *burdened) begin(t harness.Target) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.clients[t.Cluster] != nil {
		return nil
	}
	cfg := t.Config()
	if b.habit.client != nil {
		b.habit.client(&cfg)
	}
	client, err := clientv3.New(cfg)
	if err != nil {
		return err
	}
	b.clients[t.Cluster] = client
	b.doing.Go(func() { b.habit.do(b.ctx, client, b.setup) })
	return nil
}

// Close ends the habit and closes the good manager.
func (b *burdened) Close() error {
	b.cancel()
	b.mu.Lock()
	var err error
	for _, client := range b.clients {
		if closing := client.Close(); !errors.Is(closing, context.Canceled) {
			err = errors.Join(err, closing)
		}
	}
	b.mu.Unlock()
	b.doing.Wait()
	return errors.Join(err, b.Manager.Close())
}
