package flawed

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// retryStorm checks the members in turn. It gives a member a moment to answer, and asks one that does not again at once, over a new connection, until it
// does.
func retryStorm() harness.Candidate {
	return beside("retry-storm", "Checks the members in turn, and asks one that does not answer again and again without a pause.",
		oracle.Gentleness{}.Name(),
		func(ctx context.Context, client *clientv3.Client, s harness.Setup) {
			for i := 0; ctx.Err() == nil; i++ {
				endpoint := client.Endpoints()[i%len(client.Endpoints())]
				for ctx.Err() == nil {
					attempt, cancel := context.WithTimeout(ctx, s.Timing.Heartbeat/4)
					_, err := client.Status(attempt, endpoint)
					cancel()
					if err == nil {
						break
					}
				}
				pause(ctx, s.Timing.IdleTimeout)
			}
		})
}
