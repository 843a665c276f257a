package flawed

import (
	"context"
	"errors"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// settlesFirst leaves its watch when the leader changes, and opens another one when the leader has not changed for some seconds.
func settlesFirst() harness.Candidate {
	return spoiled("settles-first",
		"Forgets that leaders may change again: it waits until the cluster has settled, and each change makes it wait anew (tikv/pd #7780).",
		oracle.Freshness{}.Name(), func(t *traits) { t.settles = t.idle / 2 })
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

// settle blocks until the leader has not changed for f.traits.settles, or ctx ends.
func (f *follower) settle(ctx context.Context, m *member) {
	term, since := f.term(ctx, m), time.Now()
	for ctx.Err() == nil && time.Since(since) < f.traits.settles {
		pause(ctx, f.cluster.manager.setup.Timing.Election)
		if now := f.term(ctx, m); now != term {
			term, since = now, time.Now()
		}
	}
}

// term is the raft term of a member; zero if it does not say.
func (f *follower) term(ctx context.Context, m *member) uint64 {
	ctx, cancel := limited(ctx, f.traits.request)
	defer cancel()
	status, err := m.client.Status(ctx, m.client.Endpoints()[0])
	if err != nil {
		return 0
	}
	return status.RaftTerm
}
