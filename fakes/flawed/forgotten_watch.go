package flawed

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// forgottenWatch opens a further watch when the cluster has a new leader, and forgets the one before.
func forgottenWatch() harness.Candidate {
	return beside("forgotten-watch", "Opens another watch when the cluster has a new leader, and never closes the one before.",
		oracle.Leaks{}.Name(),
		func(ctx context.Context, client *clientv3.Client, s harness.Setup) {
			var term uint64
			for ctx.Err() == nil {
				attempt, cancel := context.WithTimeout(ctx, s.Timing.RequestTimeout)
				resp, err := client.Get(attempt, s.Workload.Prefixes[0], clientv3.WithLimit(1), clientv3.WithKeysOnly())
				cancel()
				if err == nil && resp.Header.RaftTerm > term {
					term = resp.Header.RaftTerm
					client.Watch(ctx, s.Workload.Prefixes[0], clientv3.WithPrefix())
				}
				pause(ctx, s.Timing.RequestTimeout)
			}
		})
}
