package flawed

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// traits are what the managers of this package differ in.
type traits struct {
	// client changes the configuration of the etcd client. Nil: the client as it comes.
	client func(*clientv3.Config)
	// prefixes are those that are followed. Nil: the workload's.
	prefixes []string
	// requireLeader asks members without a leader to end the watch.
	requireLeader bool
	// progress is how often a watch is asked for progress; zero: never.
	progress time.Duration
	// idle is how long a watch may deliver nothing; zero: for ever.
	idle time.Duration
	// request bounds a read; zero: nothing does.
	request time.Duration
	// retry is the pause after a watch.
	retry time.Duration
	// leave is how long a watch is kept from an instant on, settled; zero: for ever.
	leave   time.Duration
	settled time.Time
	// poll is how often a prefix is read instead of being watched; zero: it is watched.
	poll time.Duration
	// withdraw takes the facts back for as long as a read fails, and says nothing of it.
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
