package flawed

import (
	"context"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// keepsLeftWatch opens another watch when one is stale, and goes on listening to the old one.
func keepsLeftWatch() harness.Candidate {
	return spoiled("keeps-left-watch",
		"Forgets to close the watch that it leaves: when the old leader is back, its late events overwrite newer ones (as in etcd #20221).",
		oracle.NoWayBack{}.Name(), func(t *traits) { t.keepsLeftWatch = true })
}

// leftWatch is a second watch that nobody closes. Its events count from the moment at which the first one is left.
type leftWatch struct{ left atomic.Bool }

func (l *leftWatch) leave() {
	if l != nil {
		l.left.Store(true)
	}
}

// listen opens a watch that stays open until ctx ends.
func (f *follower) listen(ctx context.Context, client *clientv3.Client, from int64) *leftWatch {
	l := new(leftWatch)
	f.cluster.running.Go(func() {
		for resp := range client.Watch(clientv3.WithRequireLeader(ctx), f.prefix, clientv3.WithPrefix(), clientv3.WithRev(from)) {
			if !l.left.Load() {
				continue
			}
			for _, e := range resp.Events {
				f.state.change(f.prefix, func(p *seen) { f.state.apply(p, e) })
			}
		}
	})
	return l
}
