package manager

import (
	"cmp"
	"context"
	"slices"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// follow keeps the pool's endpoints those of the member list until ctx ends.
func (p *pool) follow(ctx context.Context, cfg Config) {
	retry := backoff{base: cfg.BackoffBase, limit: cfg.BackoffCap, rand: cfg.Rand}
	for ctx.Err() == nil {
		wait := cfg.SyncInterval
		if p.sync(ctx, cfg.RequestTimeout) {
			retry.reset()
		} else {
			wait = min(wait, retry.next())
		}
		pause(ctx, wait)
	}
}

// sync asks one member after the other for the list until one has it.
func (p *pool) sync(ctx context.Context, timeout time.Duration) bool {
	tried := make(map[*member]bool)
	for m := p.pick(tried); m != nil && ctx.Err() == nil; m = p.pick(tried) {
		tried[m] = true
		list, err := p.list(ctx, m, timeout)
		if err == nil {
			p.merge(list)
			return true
		}
	}
	return false
}

func (p *pool) list(ctx context.Context, m *member, timeout time.Duration) ([]*pb.Member, error) {
	client, err := p.client(m)
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
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

// merge takes over a member list: advertised endpoints are added, discovered ones that are no longer advertised
// are dropped with their connections, configured ones stay.
func (p *pool) merge(list []*pb.Member) {
	var dropped []*member
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
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
			// A learner is of no use before it is promoted. One that is configured stays, as a last resort.
			advertised[id] = !listed.IsLearner
			switch {
			case known >= 0:
				p.members[known].id, p.members[known].learner = listed.ID, listed.IsLearner
			case !listed.IsLearner:
				p.members = append(p.members, &member{endpoint: endpoint, id: listed.ID})
			}
		}
	}
	p.members = slices.DeleteFunc(p.members, func(m *member) bool {
		gone := !m.configured && !advertised[authority(m.endpoint)]
		if gone {
			dropped = append(dropped, m)
		}
		return gone
	})
	// Lists come in no promised order; the pool's order must not depend on it.
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
	p.mu.Unlock()
	closeClients(dropped)
}
