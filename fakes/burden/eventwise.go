package burden

import (
	"context"
	"fmt"
	"maps"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// eventwise is no habit of the good manager but a plain one, which can be run with the same workloads. It publishes its view after each event, also
// between the events of one transaction.
func eventwise(good harness.Candidate) harness.Candidate {
	return harness.Candidate{
		Name: "eventwise", Summary: "Shows its view after each event, and so half of a transaction.",
		Workloads: good.Workloads,
		Timing:    func(bound.Manager) bound.Manager { return bound.Manager{} },
		New: func(s harness.Setup) (harness.Manager, error) {
			return harness.Mirror{Follow: func(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
				seen := &events{setup: s, publish: publish, values: map[string]map[string]string{}, revisions: map[string]int64{}}
				var following sync.WaitGroup
				for _, prefix := range s.Workload.Prefixes {
					following.Go(func() {
						for ctx.Err() == nil {
							_ = seen.follow(ctx, client, prefix) // it is followed again
							pause(ctx, s.Timing.BackoffCap)
						}
					})
				}
				following.Wait()
				return nil
			}}.New(s)
		},
	}
}

// events are the values of all keys, by prefix, and the revision that each prefix has reached.
type events struct {
	setup   harness.Setup
	publish func(harness.View)

	mu        sync.Mutex
	values    map[string]map[string]string
	revisions map[string]int64
}

// follow reads a prefix and then watches it, until the watch ends.
func (s *events) follow(ctx context.Context, client *clientv3.Client, prefix string) error {
	read, err := client.Get(ctx, prefix, clientv3.WithPrefix())
	if err != nil {
		return fmt.Errorf("read %s: %w", prefix, err)
	}
	values := map[string]string{}
	for _, kv := range read.Kvs {
		values[string(kv.Key)] = string(kv.Value)
	}
	s.change(prefix, read.Header.Revision, func() { s.values[prefix] = values })
	for resp := range client.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(read.Header.Revision+1)) {
		for _, e := range resp.Events {
			s.change(prefix, e.Kv.ModRevision-1, func() {
				if e.Type == clientv3.EventTypeDelete {
					delete(values, string(e.Kv.Key))
				} else {
					values[string(e.Kv.Key)] = string(e.Kv.Value)
				}
			})
		}
	}
	return fmt.Errorf("the watch of %s ended", prefix)
}

// change changes the values and publishes the view.
func (s *events) change(prefix string, revision int64, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.revisions[prefix] = revision
	all := map[string]string{}
	lowest := revision
	for _, p := range s.setup.Workload.Prefixes {
		maps.Copy(all, s.values[p])
		lowest = min(lowest, s.revisions[p])
	}
	s.publish(harness.View{Facts: s.setup.Workload.Facts(all), Revision: lowest})
}
