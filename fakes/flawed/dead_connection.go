package flawed

import (
	"context"
	"errors"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// DeadConnection is a good manager with one more watch of each cluster, on a client as it comes, without keepalive. So it waits for ever on a connection
// whose member cannot be heard (etcd #8980).
func DeadConnection(good harness.Candidate) harness.Candidate {
	c := good
	c.Name, c.Summary = "dead-connection", "Has one more watch on a client without keepalive, which waits for ever on a dead connection (etcd #8980)."
	c.Caught = oracle.Gentleness{}.Name()
	c.New = func(s harness.Setup) (harness.Manager, error) {
		m, err := good.New(s)
		if err != nil {
			return nil, err
		}
		return &waiting{Manager: m, key: s.Workload.Prefixes[0]}, nil
	}
	return c
}

// waiting is the good manager and the clients beside it.
type waiting struct {
	harness.Manager
	key string

	mu      sync.Mutex
	clients map[string]*clientv3.Client // by cluster
}

// Apply gives the clusters to the good manager and opens a watch on each new one.
func (w *waiting) Apply(ctx context.Context, targets []harness.Target) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.clients == nil {
		w.clients = map[string]*clientv3.Client{}
	}
	for _, t := range targets {
		if w.clients[t.Cluster] != nil {
			continue
		}
		client, err := clientv3.New(t.Config())
		if err != nil {
			return err
		}
		w.clients[t.Cluster] = client
		client.Watch(context.Background(), w.key, clientv3.WithPrefix())
	}
	return w.Manager.Apply(ctx, targets)
}

// Close closes everything.
func (w *waiting) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.Manager.Close()
	for _, client := range w.clients {
		if closing := client.Close(); !errors.Is(closing, context.Canceled) {
			err = errors.Join(err, closing)
		}
	}
	return err
}
