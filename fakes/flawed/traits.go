package flawed

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// traits are the differences between the managers of this package.
type traits struct {
	// client changes the configuration of the etcd client. Nil: the default configuration.
	client func(*clientv3.Config)
	// prefixes are the prefixes that are followed. Nil: those of the workload.
	prefixes []string
	// requireLeader makes a member without a leader cancel the watch.
	requireLeader bool
	// progress is how often progress is requested on a watch; zero: never.
	progress time.Duration
	// idle is the idle timeout of a watch; zero: none.
	idle time.Duration
	// request is the timeout of a read; zero: none.
	request time.Duration
	// retry is the pause after the end of a watch.
	retry time.Duration
	// leave is how long a watch is kept before it is closed, from the instant settled on; zero: for ever.
	leave   time.Duration
	settled time.Time
	// poll is how often a prefix is read instead of being watched; zero: it is watched.
	poll time.Duration
	// withdraw removes the facts while reads fail, and reports no error.
	withdraw bool
}

// mirror is the manager: it follows the prefixes of each cluster.
func (t traits) mirror(s harness.Setup) harness.Mirror {
	prefixes := t.prefixes
	if prefixes == nil {
		prefixes = s.Workload.Prefixes
	}
	return harness.Mirror{
		Client: t.client,
		Follow: func(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
			seen := newState(prefixes, s.Workload.Facts, publish)
			var following sync.WaitGroup
			for _, prefix := range prefixes {
				f := follower{traits: t, client: client, prefix: prefix, state: seen}
				following.Go(func() { f.follow(ctx) })
			}
			following.Wait()
			return nil
		},
	}
}
