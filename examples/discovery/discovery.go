// Package discovery finds the instances of services that are registered in etcd, each as a key below one prefix. It is an example of service
// discovery as many programs do it at first: with a read and a watch. It does not use Stormwatch, except in guarded.go.
package discovery

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Registry knows the instances that are registered.
type Registry struct {
	client *clientv3.Client
	prefix string
	// Changed is called after each change with all instances by name and their etcd revision. Nil: it is not called.
	Changed func(instances map[string]string, revision int64)

	mu        sync.Mutex
	instances map[string]string
}

// New makes a registry of the keys below a prefix. It is empty until Run is called.
func New(client *clientv3.Client, prefix string) *Registry {
	return &Registry{client: client, prefix: prefix, instances: map[string]string{}}
}

// Instances are the values of the instances that are known now, by name.
func (r *Registry) Instances() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.instances)
}

// retry is how long the registry waits after a failure before it starts again.
const retry = time.Second

// Run keeps the registry up to date. It blocks until ctx ends.
func (r *Registry) Run(ctx context.Context) error {
	for {
		err := r.follow(ctx)
		select {
		case <-time.After(retry):
		case <-ctx.Done():
			return err
		}
	}
}

// follow reads the instances and watches them until the watch ends.
func (r *Registry) follow(ctx context.Context) error {
	resp, err := r.client.Get(ctx, r.prefix, clientv3.WithPrefix())
	if err != nil {
		return fmt.Errorf("read instances: %w", err)
	}
	known := map[string]string{}
	for _, kv := range resp.Kvs {
		known[strings.TrimPrefix(string(kv.Key), r.prefix)] = string(kv.Value)
	}
	r.know(known, resp.Header.Revision)
	watch := r.client.Watch(ctx, r.prefix, clientv3.WithPrefix(), clientv3.WithRev(resp.Header.Revision+1))
	for changes := range watch {
		if err := changes.Err(); err != nil {
			return fmt.Errorf("watch instances: %w", err)
		}
		for _, e := range changes.Events {
			name := strings.TrimPrefix(string(e.Kv.Key), r.prefix)
			if e.Type == clientv3.EventTypeDelete {
				delete(known, name)
			} else {
				known[name] = string(e.Kv.Value)
			}
		}
		r.know(known, changes.Header.Revision)
	}
	return ctx.Err()
}

func (r *Registry) know(instances map[string]string, revision int64) {
	r.mu.Lock()
	r.instances = maps.Clone(instances)
	r.mu.Unlock()
	if r.Changed != nil {
		r.Changed(r.Instances(), revision)
	}
}
