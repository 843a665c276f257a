package flawed

import (
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// judgesByLatency asks the member of its watch for something small once a second, and leaves it if the answer takes longer than a heartbeat.
func judgesByLatency() harness.Candidate {
	return spoiled("judges-by-latency",
		"Forgets that a slow answer is an answer: it leaves a member for its latency, though events come (tikv/pd #6403, #7730).",
		steady, func(t *traits) { t.patience = t.retry })
}

var errSlow = errors.New("the member answers slowly")

// judge asks the member of the client at the interval of the probe, until an answer takes longer than f.traits.patience or ctx ends.
func (f *follower) judge(ctx context.Context, client *clientv3.Client) error {
	ticking, stop := ticks(f.traits.probe)
	defer stop()
	for {
		select {
		case <-ticking:
		case <-ctx.Done():
			return ctx.Err()
		}
		asked := time.Now()
		bounded, cancel := limited(ctx, f.traits.request)
		_, err := client.Get(bounded, f.prefix, clientv3.WithSerializable(), clientv3.WithCountOnly())
		cancel()
		if err == nil && time.Since(asked) > f.traits.patience {
			return errSlow
		}
	}
}
