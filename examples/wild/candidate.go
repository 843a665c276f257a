package main

import (
	"context"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// plain is the timing of a library that watches and does nothing else: it has no probe, no progress requests, no idle timeout and no keys of its
// own.
func plain(bound.Manager) bound.Manager { return bound.Manager{} }

// pause is how long an adapter waits before it calls a library again that has given up. It stands for the caller's own retries, since these
// libraries leave them to the caller.
const pause = time.Second

// again calls follow until ctx ends, with a pause after each call. In the pauses the view keeps its facts and shows the error. Views have no revision
// and claim nothing of their health, since most of these libraries tell neither.
func again(ctx context.Context, publish func(harness.View), follow func(context.Context, func(harness.Facts)) error) error {
	var last harness.Facts
	for {
		err := follow(ctx, func(facts harness.Facts) {
			last = facts
			publish(harness.View{Facts: facts})
		})
		if ctx.Err() != nil {
			return nil
		}
		publish(harness.View{Facts: last, Err: err})
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}
