package flawed

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// recreateLoop has one more watch. From half a minute after its start on it takes each watch for broken as soon as it is created, and creates the next
// one, as PD did (tikv/pd #7351).
func recreateLoop() harness.Candidate {
	return beside("recreate-loop", "From half a minute on it creates a watch over and over on members that answer (tikv/pd #7351).",
		func(ctx context.Context, client *clientv3.Client, s harness.Setup) {
			pause(ctx, 30*time.Second)
			for ctx.Err() == nil {
				one, cancel := context.WithCancel(ctx)
				<-client.Watch(one, s.Workload.Prefixes[0], clientv3.WithPrefix(), clientv3.WithCreatedNotify())
				cancel()
				pause(ctx, s.Timing.Heartbeat/3)
			}
		})
}

// pause blocks for a time, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
