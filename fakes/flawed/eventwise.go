package flawed

import (
	"context"
	"fmt"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// eventwise publishes its view after each event, also between the events of one transaction. Otherwise it is [naive].
func eventwise() harness.Candidate {
	c := naive()
	c.Name, c.Summary = "eventwise", "Shows its view after each event, and so half of a transaction."
	c.New = func(s harness.Setup) (harness.Manager, error) {
		return harness.Mirror{Follow: func(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
			seen := newState(s.Workload.Prefixes, s.Workload.Facts, publish)
			var following sync.WaitGroup
			for _, prefix := range s.Workload.Prefixes {
				following.Go(func() {
					for ctx.Err() == nil {
						if err := followEventwise(ctx, client, prefix, seen); err != nil {
							seen.fail(prefix, err)
						}
						pause(ctx, s.Timing.BackoffCap)
					}
				})
			}
			following.Wait()
			return nil
		}}.New(s)
	}
	return c
}

// followEventwise reads a prefix and then watches it, until the watch ends.
func followEventwise(ctx context.Context, client *clientv3.Client, prefix string, seen *state) error {
	read, err := client.Get(ctx, prefix, clientv3.WithPrefix())
	if err != nil {
		return fmt.Errorf("read %s: %w", prefix, err)
	}
	seen.replace(prefix, read)
	for resp := range client.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(read.Header.Revision+1)) {
		for _, e := range resp.Events {
			one := resp
			one.Events, one.Header.Revision = []*clientv3.Event{e}, e.Kv.ModRevision-1
			seen.apply(prefix, one)
		}
	}
	return fmt.Errorf("the watch of %s ended", prefix)
}
