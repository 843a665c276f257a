package manager

import (
	"errors"
	"slices"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

var errPoolClosed = errors.New("the cluster is no longer managed")

// member is an endpoint of the pool. Only its endpoint may be read without the pool's lock.
type member struct {
	endpoint   string
	configured bool
	// id is etcd's, as learned from answers and member lists; zero until then. Two endpoints may lead to one
	// member, and then a probe through the one says nothing new about a watch on the other.
	id     uint64
	client *clientv3.Client
	// learner says that the member list calls it one: it refuses watches and linearizable reads until it is promoted.
	learner bool
	// failedAt and probedAt count in the pool's turns, not in time: in virtual time much happens at one instant.
	// failedAt is zero when the member has answered since.
	failedAt, probedAt uint64
	// failures counts those since it answered last.
	failures int
	// quarantinedUntil is zero or past for a member in good standing.
	quarantinedUntil time.Time
}

// pool knows the endpoints of a cluster, configured and discovered, and which of them to prefer. Quarantine and
// failures are preferences, never bans: when there is no better member the pool gives out a bad one.
type pool struct {
	dial       dialer
	quarantine time.Duration
	// verdicts rings when a member goes into quarantine.
	verdicts bell

	mu      sync.Mutex
	members []*member
	turn    uint64
	closed  bool
}

func newPool(dial dialer, quarantine time.Duration, endpoints []string) *pool {
	p := &pool{dial: dial, quarantine: quarantine}
	for _, endpoint := range endpoints {
		p.members = append(p.members, &member{endpoint: endpoint, configured: true})
	}
	return p
}

// pick returns the member to try next, or nil when all are among the tried ones. Members in good standing come
// first, the longest unfailed of them foremost; then those in quarantine, the nearest to its end foremost.
func (p *pool) pick(tried map[*member]bool) *member {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.best(func(m *member) bool { return !tried[m] }, func(m *member) uint64 { return m.failedAt })
}

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

func (m *member) is(other *member) bool { return m == other || (m.id != 0 && m.id == other.id) }

// lost is after how many failures in a row a member is no longer counted upon as a witness: more than an election or a
// restart costs, fewer than an address that leads nowhere.
const lost = 5

// witness returns the member to ask about what watches on seats should have seen: another one if there is one, each
// of the others in turn, those that failed last time only when there is no other. A single seat testifies about
// itself when it is alone, and takes its turn when all others are lost; two testify about each other. What any
// member says to a linearizable read is true; only, a seat that hangs will not say it. Learners never can.
func (p *pool) witness(seats ...*member) *member {
	p.mu.Lock()
	defer p.mu.Unlock()
	sits := func(m *member) bool { return slices.ContainsFunc(seats, m.is) }
	alone := !slices.ContainsFunc(p.members, func(m *member) bool { return !sits(m) && !m.learner && m.failures < lost })
	leastAsked := func(m *member) uint64 {
		const failed, seated = 1 << 63, 1 << 62
		rank := m.probedAt
		switch {
		case m.failedAt > 0 || (sits(m) && len(seats) == 1):
			rank |= failed
		case sits(m):
			rank |= seated
		}
		return rank
	}
	m := p.best(func(m *member) bool { return !m.learner && (!sits(m) || alone || len(seats) > 1) }, leastAsked)
	if m == nil {
		m = seats[0]
	}
	p.turn++
	m.probedAt = p.turn
	return m
}

// best returns the eligible member in the best standing, of equal ones that with the lowest rank, of equal ones
// the first.
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
	confinedA, confinedB := a.quarantinedUntil.After(now), b.quarantinedUntil.After(now)
	switch {
	case a.learner != b.learner:
		return b.learner
	case confinedA != confinedB:
		return confinedB
	case confinedA && !a.quarantinedUntil.Equal(b.quarantinedUntil):
		return a.quarantinedUntil.Before(b.quarantinedUntil)
	default:
		return rank(a) < rank(b)
	}
}

// client returns the member's client and makes it if this is its first use.
func (p *pool) client(m *member) (*clientv3.Client, error) {
	if existing, err := p.existing(m, nil); existing != nil || err != nil {
		return existing, err
	}
	// Making a client may one day fetch a token from the member, so it happens without the lock.
	fresh, err := p.dial(m.endpoint)
	if err != nil {
		return nil, err
	}
	kept, err := p.existing(m, fresh)
	if kept != fresh {
		_ = fresh.Close()
	}
	return kept, err
}

// existing returns the client that the member has, or gives it the offered one.
func (p *pool) existing(m *member, offered *clientv3.Client) (*clientv3.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || !slices.Contains(p.members, m) {
		return nil, errPoolClosed
	}
	if m.client == nil {
		m.client = offered
	}
	return m.client, nil
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
	p.turn++
	m.failedAt = p.turn
	m.failures++
}

// confine puts a member in quarantine under all its endpoints and wakes every watch that sits on it.
func (p *pool) confine(m *member) {
	p.mu.Lock()
	until := time.Now().Add(p.quarantine)
	for _, other := range p.members {
		if other.is(m) {
			other.quarantinedUntil = until
		}
	}
	p.mu.Unlock()
	p.verdicts.ring()
}

// confined counts the endpoints in quarantine.
func (p *pool) confined() (n int) {
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

// confinedUntil is compared by a watch with what it was when the watch sat down.
func (p *pool) confinedUntil(m *member) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return m.quarantinedUntil
}

// close closes every connection and returns when their goroutines have ended. gRPC gives up saying goodbye to a
// member that reads nothing after 5 s, which therefore bounds it.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	members := p.members
	p.mu.Unlock()
	closeClients(members)
}

// closeClients closes side by side, so that several hung connections cost the time of one. The members must have
// left the pool, or the pool be closed: their clients no longer change.
func closeClients(members []*member) {
	var wg sync.WaitGroup
	for _, m := range members {
		if m.client != nil {
			wg.Go(func() { _ = m.client.Close() })
		}
	}
	wg.Wait()
}
