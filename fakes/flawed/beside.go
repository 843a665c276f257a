package flawed

import (
	"context"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// Burdens are managers whose mistake burdens the clusters or shows in what they claim, while their views stay fresh. Apart from the mistake they are
// [guarded].
func Burdens() []harness.Candidate {
	return []harness.Candidate{recreateLoop(), retryStorm(), pinger(), forgottenWatch(), eventwise(), alwaysWell(), neverWell()}
}

// beside is [guarded] with something more that it does with the client of each cluster, until ctx ends.
func beside(name, summary string, do func(context.Context, *clientv3.Client, harness.Setup)) harness.Candidate {
	c := guarded()
	c.Name, c.Summary = name, summary
	c.New = func(s harness.Setup) (harness.Manager, error) {
		m := guardedTraits(s.Timing).mirror(s)
		follow := m.Follow
		m.Follow = func(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
			var more sync.WaitGroup
			more.Go(func() { do(ctx, client, s) })
			defer more.Wait()
			return follow(ctx, client, publish)
		}
		return m.New(s)
	}
	return c
}
