package burden

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// recreateLoop has one more watch. From half a minute after its start on it takes each watch for broken as soon as it is created, and creates the next
// one, as PD did (tikv/pd #7351).
func recreateLoop(good harness.Candidate) harness.Candidate {
	return with(good, "with-recreate-loop", "From half a minute on it creates a watch over and over on members that answer (tikv/pd #7351).", habit{
		do: func(ctx context.Context, client *clientv3.Client, s harness.Setup) {
			pause(ctx, 30*time.Second)
			for ctx.Err() == nil {
				one, cancel := context.WithCancel(ctx)
				<-client.Watch(one, s.Workload.Prefixes[0], clientv3.WithPrefix(), clientv3.WithCreatedNotify())
				cancel()
				pause(ctx, s.Timing.Heartbeat/3)
			}
		},
	})
}

// retryStorm checks the members in turn. It gives a member a moment to answer, and asks one that does not again at once, over a new connection, until it
// does.
func retryStorm(good harness.Candidate) harness.Candidate {
	return with(good, "with-retry-storm", "Checks the members in turn, and asks one that does not answer again and again without a pause.", habit{
		do: func(ctx context.Context, client *clientv3.Client, s harness.Setup) {
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
		},
	})
}

// pinger also pings connections without a stream, as TiProxy and BR do. etcd takes that for an attack and closes the connections.
func pinger(good harness.Candidate) harness.Candidate {
	return with(good, "with-pings", "Pings idle connections too, as TiProxy and BR do: etcd closes them (too_many_pings).", habit{
		client: func(cfg *clientv3.Config) {
			cfg.DialKeepAliveTime, cfg.DialKeepAliveTimeout, cfg.PermitWithoutStream = 10*time.Second, 3*time.Second, true
		},
		do: func(ctx context.Context, client *clientv3.Client, s harness.Setup) {
			_, _ = client.Get(ctx, s.Workload.Prefixes[0], clientv3.WithCountOnly()) // only to be connected
			<-ctx.Done()
		},
	})
}

// deadConnection has one more watch on a client without keepalive, so it waits for ever on a connection whose member cannot be heard (etcd #8980).
func deadConnection(good harness.Candidate) harness.Candidate {
	return with(good, "with-dead-connection", "Has one more watch, without keepalive, which waits for ever on a dead connection (etcd #8980).", habit{
		do: func(ctx context.Context, client *clientv3.Client, s harness.Setup) {
			for range client.Watch(ctx, s.Workload.Prefixes[0], clientv3.WithPrefix()) { // until ctx ends
			}
		},
	})
}

// forgottenWatch opens a further watch when the cluster has a new leader, and forgets the one before.
func forgottenWatch(good harness.Candidate) harness.Candidate {
	return with(good, "with-forgotten-watch", "Opens another watch when the cluster has a new leader, and never closes the one before.", habit{
		do: func(ctx context.Context, client *clientv3.Client, s harness.Setup) {
			var term uint64
			for ctx.Err() == nil {
				attempt, cancel := context.WithTimeout(ctx, s.Timing.RequestTimeout)
				resp, err := client.Get(attempt, s.Workload.Prefixes[0], clientv3.WithCountOnly())
				cancel()
				if err == nil && resp.Header.RaftTerm > term {
					term = resp.Header.RaftTerm
					client.Watch(ctx, s.Workload.Prefixes[0], clientv3.WithPrefix())
				}
				pause(ctx, s.Timing.RequestTimeout)
			}
		},
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
