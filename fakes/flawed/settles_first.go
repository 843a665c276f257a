package flawed

import (
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// settlesFirst leaves its watch when the leader changes, and opens another one when the leader has not changed for a while: for an election timeout at
// first, and for twice as long after each further change.
func settlesFirst() harness.Candidate {
	return spoiled("settles-first",
		"Forgets to be quick again: it waits for the cluster to settle, and each change of the leader makes it wait twice as long (tikv/pd #7780).",
		oracle.Freshness{}.Name(), func(t *traits) { t.settles = true })
}

var errMoved = errors.New("the cluster has another leader")

// awaitMove blocks until the leader changes, or ctx ends.
func (f *follower) awaitMove(ctx context.Context, m *member) error {
	first := f.term(ctx, m)
	for ctx.Err() == nil {
		pause(ctx, f.cluster.manager.setup.Timing.Election)
		if now := f.term(ctx, m); now > first && first > 0 {
			return errMoved
		}
	}
	return ctx.Err()
}

// settle blocks until the leader has not changed for as long as f.settling, or ctx ends.
func (f *follower) settle(ctx context.Context, m *member) {
	election := f.cluster.manager.setup.Timing.Election
	f.settling = max(f.settling, election)
	term, since := f.term(ctx, m), time.Now()
	for ctx.Err() == nil && time.Since(since) < f.settling {
		pause(ctx, election)
		if now := f.term(ctx, m); now != term {
			term, since = now, time.Now()
			f.settling *= 2
		}
	}
}

// term is the raft term of a member; zero if it does not say.
func (f *follower) term(ctx context.Context, m *member) uint64 {
	ctx, cancel := limited(ctx, f.traits.request)
	defer cancel()
	client, err := m.etcd(ctx)
	if err != nil {
		return 0
	}
	resp, err := client.Get(ctx, f.prefix, clientv3.WithSerializable(), clientv3.WithCountOnly())
	if err != nil {
		return 0
	}
	return resp.Header.RaftTerm
}
