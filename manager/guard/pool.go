package guard

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// errDropped says that the member list does not have a member any more.
var errDropped = errors.New("endpoint left the member list")

// member is an endpoint of the pool. Its endpoint and whether it is configured never change; pool.mu guards the rest.
type member struct {
	endpoint   string
	configured bool
	// id is etcd's, as learned from answers and member lists; zero until then. Two endpoints may lead to one
	// member, and then a probe through the one says nothing new about a watch on the other.
	id uint64
	// client is nil until somebody needs it.
	client *memberClient
	// learner says that the member list calls it one: it refuses watches and linearizable reads until it is promoted.
	learner bool
	// failedAt and probedAt count in the pool's sequence, not in time: in virtual time much happens at one instant.
	// failedAt is zero when the member has answered since.
	failedAt, probedAt uint64
	// failures counts those since it answered last.
	failures int
	// quarantinedUntil is zero or past for a member in good standing.
	quarantinedUntil time.Time
}

// is reports whether two endpoints are known to lead to one member.
func (m *member) is(other *member) bool { return m == other || (m.id != 0 && m.id == other.id) }

// pool knows the endpoints of a cluster, configured and discovered, and which of them to prefer. Quarantine and
// failures are preferences, never bans: when there is no better member the pool gives out a bad one.
type pool struct {
	cfg Config
	// connected ends when the connections are to be closed.
	connected  context.Context
	disconnect context.CancelFunc
	// tasks are clients that are being made or closed.
	tasks sync.WaitGroup
	// quarantines notifies when a member goes into quarantine.
	quarantines notifier

	// From members on, mu guards the fields, and what a member says that it guards.
	mu       sync.Mutex
	members  []*member
	sequence uint64
	closed   bool
}

// newPool makes the pool of the config's endpoints.
func newPool(cfg Config) *pool {
	p := &pool{cfg: cfg}
	p.connected, p.disconnect = context.WithCancel(context.Background())
	for _, endpoint := range cfg.Endpoints {
		p.members = append(p.members, &member{endpoint: endpoint, configured: true})
	}
	return p
}

// pick returns the member to try next, or nil when all are among the tried ones. Members in good standing come
// first, the longest unfailed of them foremost; then those in quarantine, the nearest to its end foremost.
func (p *pool) pick(tried map[*member]bool) *member { return p.pickBeside(nil, tried) }

// pickBeside is pick among the members that are not the taken one under any of its names; nil is no member.
func (p *pool) pickBeside(taken *member, tried map[*member]bool) *member {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.best(func(m *member) bool { return !tried[m] && (taken == nil || !m.is(taken)) },
		func(m *member) uint64 { return m.failedAt })
}

// same reports whether two endpoints are known to lead to one member.
func (p *pool) same(a, b *member) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return a.is(b)
}

// lostAfter is after how many failures in a row a member is no longer counted upon as a witness: more than an election or a
// restart costs, fewer than an address that leads nowhere.
const lostAfter = 5

// witness returns the member through which to read what the watches on the given members should have seen: another one
// if there is one, each of the others in turn, those that failed last time only when there is no other. A single
// watched member testifies about itself when it is alone, and in turn with the others when all of them are lost; two
// testify about each other. What any member says to a linearizable read is true; only, one that hangs will not say it.
// Learners never can.
func (p *pool) witness(watched ...*member) *member {
	p.mu.Lock()
	defer p.mu.Unlock()
	isWatched := func(m *member) bool { return slices.ContainsFunc(watched, m.is) }
	alone := !slices.ContainsFunc(p.members, func(m *member) bool {
		return !isWatched(m) && !m.learner && m.failures < lostAfter
	})
	leastAsked := func(m *member) uint64 {
		const afterFailure, afterOthers = 1 << 63, 1 << 62
		rank := m.probedAt
		switch {
		case m.failedAt > 0 || (isWatched(m) && len(watched) == 1):
			rank |= afterFailure
		case isWatched(m):
			rank |= afterOthers
		}
		return rank
	}
	m := p.best(func(m *member) bool { return !m.learner && (!isWatched(m) || alone || len(watched) > 1) }, leastAsked)
	if m == nil {
		m = watched[0]
	}
	p.sequence++
	m.probedAt = p.sequence
	return m
}

// best returns the eligible member in the best standing, of equal ones that with the lowest rank, of equal ones
// the first. The caller holds the lock.
func (p *pool) best(eligible func(*member) bool, rank func(*member) uint64) *member {
	var found *member
	now := time.Now()
	for _, m := range p.members {
		if eligible(m) && (found == nil || better(m, found, now, rank)) {
			found = m
		}
	}
	return found
}

func better(a, b *member, now time.Time, rank func(*member) uint64) bool {
	quarantinedA, quarantinedB := a.quarantinedUntil.After(now), b.quarantinedUntil.After(now)
	switch {
	case a.learner != b.learner:
		return b.learner
	case quarantinedA != quarantinedB:
		return quarantinedB
	case quarantinedA && !a.quarantinedUntil.Equal(b.quarantinedUntil):
		return a.quarantinedUntil.Before(b.quarantinedUntil)
	default:
		return rank(a) < rank(b)
	}
}

// client returns the member's client. The first to ask for it has it made, which may fetch a token from the member; ctx
// ends the wait for that, not the making.
func (p *pool) client(ctx context.Context, m *member) (*clientv3.Client, error) {
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		return nil, ErrClosed
	case !slices.Contains(p.members, m):
		p.mu.Unlock()
		return nil, errDropped
	}
	c := m.client
	if c == nil {
		c = newMemberClient()
		var making context.Context
		making, c.cancel = context.WithCancel(p.connected)
		m.client = c
		p.tasks.Go(func() {
			if c.make(making, p.cfg, m.endpoint) != nil {
				p.forget(m, c)
			}
		})
	}
	p.mu.Unlock()
	select {
	case <-c.made:
		return c.client, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// forget lets the next one who asks try again to make a client.
func (p *pool) forget(m *member, c *memberClient) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.client == c {
		m.client = nil
	}
	c.cancel()
	c.connections.cut()
}

// answered notes a good answer and who gave it.
func (p *pool) answered(m *member, header *pb.ResponseHeader) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m.failedAt, m.failures = 0, 0
	if id := header.GetMemberId(); id != 0 {
		m.id = id
	}
}

func (p *pool) failed(m *member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sequence++
	m.failedAt = p.sequence
	m.failures++
}

// quarantine avoids a member under all its endpoints for a while and wakes every watch on it.
func (p *pool) quarantine(m *member) {
	p.mu.Lock()
	until := time.Now().Add(p.cfg.Options.Quarantine)
	for _, other := range p.members {
		if other.is(m) {
			other.quarantinedUntil = until
		}
	}
	p.mu.Unlock()
	p.quarantines.notify()
}

// quarantined counts the endpoints in quarantine.
func (p *pool) quarantined() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for _, m := range p.members {
		if m.quarantinedUntil.After(now) {
			n++
		}
	}
	return n
}

// quarantinedUntil is compared by a watch with what it was when the watch attached.
func (p *pool) quarantinedUntil(m *member) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return m.quarantinedUntil
}

// endpoints are those of all members, in the pool's order.
func (p *pool) endpoints() (list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.members {
		list = append(list, m.endpoint)
	}
	return list
}

// close closes every connection and returns when their goroutines have ended, within CloseGrace. All are closed side by
// side.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	members := p.members
	p.mu.Unlock()
	p.disconnect()
	p.closeClients(members)
	p.tasks.Wait()
}

// closeClients closes the clients of members in the background. The members must have left the pool, or the pool be
// closed.
func (p *pool) closeClients(members []*member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range members {
		if c := m.client; c != nil {
			p.tasks.Go(c.close)
		}
	}
}
