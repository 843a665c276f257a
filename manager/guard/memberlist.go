package guard

import (
	"cmp"
	"context"
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// follow updates the pool's endpoints from the member list until ctx ends.
func (p *pool) follow(ctx context.Context) {
	o := p.cfg.Options
	retry := Backoff{Base: o.BackoffBase, Limit: o.BackoffCap, Rand: p.cfg.Rand}
	for ctx.Err() == nil {
		wait := o.SyncInterval
		if p.sync(ctx) {
			retry.Reset()
		} else {
			wait = min(wait, retry.Next())
		}
		Pause(ctx, wait)
	}
}

// sync asks one member after another for the member list until one answers.
func (p *pool) sync(ctx context.Context) bool {
	tried := make(map[*member]bool)
	for m := p.pick(tried); m != nil && ctx.Err() == nil; m = p.pick(tried) {
		tried[m] = true
		list, err := p.list(ctx, m)
		if err == nil {
			p.merge(list)
			return true
		}
	}
	return false
}

func (p *pool) list(ctx context.Context, m *member) ([]*pb.Member, error) {
	bounded, cancel := context.WithTimeout(ctx, p.cfg.Options.RequestTimeout)
	defer cancel()
	client, err := p.client(bounded, m)
	if err != nil {
		return nil, err
	}
	resp, err := pb.NewClusterClient(client.ActiveConnection()).MemberList(bounded,
		&pb.MemberListRequest{Linearizable: true}, callOptions...)
	if err != nil {
		if ctx.Err() == nil {
			p.failed(m)
		}
		return nil, err
	}
	p.answered(m, resp.Header)
	return resp.Members, nil
}

// merge applies a member list: it adds advertised endpoints, drops discovered ones that are no longer advertised, with
// their connections, and keeps configured ones.
func (p *pool) merge(list []*pb.Member) {
	p.closeClients(p.replace(list))
}

// replace applies a member list and returns the members that it dropped.
func (p *pool) replace(list []*pb.Member) (dropped []*member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	advertised := make(map[string]bool)
	for _, listed := range list {
		// A member without a name has not started yet.
		if listed.Name == "" {
			continue
		}
		for _, endpoint := range listed.ClientURLs {
			id := authority(endpoint)
			known := slices.IndexFunc(p.members, func(m *member) bool { return authority(m.endpoint) == id })
			// A learner serves neither watches nor linearizable reads until it is promoted. A configured one stays, as a last
			// resort.
			advertised[id] = !listed.IsLearner
			switch {
			case known >= 0:
				p.members[known].id, p.members[known].learner = listed.ID, listed.IsLearner
			case !listed.IsLearner:
				p.members = append(p.members, &member{endpoint: endpoint, id: listed.ID})
			}
		}
	}
	p.members = slices.DeleteFunc(slices.Clone(p.members), func(m *member) bool {
		gone := !m.configured && !advertised[authority(m.endpoint)]
		if gone {
			dropped = append(dropped, m)
		}
		return gone
	})
	// Member lists have no defined order, and the pool's order must not depend on it.
	slices.SortStableFunc(p.members, func(a, b *member) int {
		switch {
		case a.configured && b.configured:
			return 0
		case a.configured:
			return -1
		case b.configured:
			return 1
		default:
			return cmp.Compare(a.endpoint, b.endpoint)
		}
	})
	return dropped
}
