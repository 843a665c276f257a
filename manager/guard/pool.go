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
	// id is etcd's member id, as learned from responses and member lists; zero until then. If two endpoints lead to the
	// same member, a probe through one of them says nothing new about a watch on the other.
	id uint64
	// client is nil until somebody needs it. The last one could not be made because of refusal, and the next one is not made
	// before refusedUntil.
	client       *memberClient
	refusal      error
	refusedUntil time.Time
	// learner says that the member list calls it one: it refuses watches and linearizable reads until it is promoted.
	learner bool
	// failedAt and probedAt are numbers of the pool's sequence and not times, since in virtual time many events happen at
	// the same instant. failedAt is zero if the member has answered since its last failure.
	failedAt, probedAt uint64
	// failures counts the failures since the member last answered.
	failures int
	// quarantinedUntil is zero or in the past if the member is not in quarantine.
	quarantinedUntil time.Time
}

// is reports whether two endpoints are known to lead to one member.
func (m *member) is(other *member) bool { return m == other || (m.id != 0 && m.id == other.id) }

// pool knows the endpoints of a cluster, configured and discovered, and which of them to prefer. Quarantine and failures
// only make the pool prefer other members: if there is no better member, it returns a bad one.
type pool struct {
	cfg Config
	// connected ends when the connections are to be closed.
	connected  context.Context
	disconnect context.CancelFunc
	// tasks are clients that are being made or closed.
	tasks sync.WaitGroup
	// changes notifies when a member goes into quarantine, or a watch finds another history of the cluster.
	changes notifier

	// From members on, mu guards the fields, and what a member says that it guards.
	mu       sync.Mutex
	members  []*member
	sequence uint64
	closed   bool
	// history is the number of the newest history that a watch has found; see Snapshot.History.
	history int
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

// pick returns the member to try next, or nil if all were tried. First come the members that are not in quarantine, ordered
// by their last failure, the oldest first; then those in quarantine, the one whose quarantine ends next first.
func (p *pool) pick(tried map[*member]bool) *member { return p.pickBeside(nil, tried) }

// pickBeside is pick among the members that are not the taken one, also not under another endpoint. taken may be nil.
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

// lostAfter is after how many failures in a row a member counts as lost and is not used as a witness if there is another: more
// failures than an election or a restart causes, fewer than an address where there is no member.
const lostAfter = 5

// witness returns the member through which to probe the watches on the given members. It returns the other members in turn;
// those in quarantine only if all others failed last time, and those that failed last time only if there is no other, and then in
// turn too. If there is only one watched member, it is its own witness if there are no others, and takes turns with the others if
// all of them are lost, or if a probe is overdue: none has been answered for so long that the watch will soon be doubted. Two
// watched members are each other's witnesses. A linearizable read is correct through any member; a member that hangs just does
// not answer it. A learner cannot be a witness.
func (p *pool) witness(overdue bool, watched ...*member) *member {
	p.mu.Lock()
	defer p.mu.Unlock()
	isWatched := func(m *member) bool { return slices.ContainsFunc(watched, m.is) }
	alone := overdue || !slices.ContainsFunc(p.members, func(m *member) bool {
		return !isWatched(m) && !m.learner && m.failures < lostAfter
	})
	now := time.Now()
	leastAsked := func(m *member) uint64 {
		const afterFailure, afterOthers, inQuarantine = 1 << 63, 1 << 62, 1 << 61
		rank := m.probedAt
		switch {
		case m.failedAt > 0 || (isWatched(m) && len(watched) == 1):
			// Quarantine does not count among these: else a member that never answers would be asked again and again, and one in quarantine never.
			return rank | afterFailure
		case isWatched(m):
			rank |= afterOthers
		}
		if m.quarantinedUntil.After(now) {
			rank |= inQuarantine
		}
		return rank
	}
	var m *member
	for _, other := range p.members {
		eligible := !other.learner && (!isWatched(other) || alone || len(watched) > 1)
		// Not as [pool.best]: a watch on a member in quarantine was stale, but a read through it may well be answered.
		if eligible && (m == nil || leastAsked(other) < leastAsked(m)) {
			m = other
		}
	}
	if m == nil {
		m = watched[0]
	}
	p.sequence++
	m.probedAt = p.sequence
	return m
}

// best returns the best eligible member, or nil: learners come last, then members in quarantine, of which the one whose quarantine
// ends first is best. Of equal members it takes the one with the lowest rank, then the first. The caller holds the lock.
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

// client returns the member's client. The first call makes it, which may fetch a token from the member. If ctx ends, client
// returns, and the client is still made in the background. If it could not be made, client returns the same error for a
// second, as long as gRPC pauses before it connects again: a new client knows nothing of the attempts of the one before.
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
	if c == nil && time.Now().Before(m.refusedUntil) {
		defer p.mu.Unlock()
		return nil, m.refusal
	}
	if c == nil {
		c = newMemberClient()
		var making context.Context
		making, c.cancel = context.WithCancel(p.connected)
		m.client = c
		begun := time.Now()
		p.tasks.Go(func() {
			if c.make(making, p.cfg, m.endpoint) != nil {
				p.forget(m, c, begun)
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

// forget drops a client that could not be made, so that a later call of client tries again. begun is when it was begun.
func (p *pool) forget(m *member, c *memberClient, begun time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.client == c {
		m.client, m.refusal, m.refusedUntil = nil, c.err, begun.Add(connectParams.Backoff.BaseDelay)
	}
	c.cancel()
	c.connections.cut()
}

// answered notes that a member answered, and its id from the header.
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

// quarantine puts a member into quarantine under all its endpoints, and wakes every watch on it.
func (p *pool) quarantine(m *member) {
	p.mu.Lock()
	until := time.Now().Add(p.cfg.Options.Quarantine)
	for _, other := range p.members {
		if other.is(m) {
			other.quarantinedUntil = until
		}
	}
	p.mu.Unlock()
	p.changes.notify()
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

// quarantinedUntil is the end of a member's quarantine. A watch compares it with its value when the watch attached.
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

// close closes every connection, all at the same time, and blocks until their goroutines have ended, for at most CloseGrace.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	members := p.members
	p.mu.Unlock()
	p.disconnect()
	p.closeClients(members)
	p.tasks.Wait()
}

// closeClients closes the clients of members in the background. The members must not be in the pool any more, or the pool must
// be closed.
func (p *pool) closeClients(members []*member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range members {
		if c := m.client; c != nil {
			p.tasks.Go(c.close)
		}
	}
}
