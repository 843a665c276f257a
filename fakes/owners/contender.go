package owners

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/fakes/internal/lease"
	"github.com/stormwatch/stormwatch/harness"
)

// contender wants to own one thing in one cluster.
type contender struct {
	cluster *cluster
	thing   harness.Thing
	setup   harness.Setup
	client  *clientv3.Client
	// unrevoked are leases that were given up and are not known to be revoked.
	unrevoked []clientv3.LeaseID
}

// traits are the mistakes of a contender. The zero value makes none.
type traits struct {
	// fromAnswer counts the lease from the arrival of an answer instead of from the sending of the request.
	fromAnswer bool
	// untilTold goes on claiming until an answer says that the lease is gone.
	untilTold bool
	// withoutWaiting claims as soon as its key is written, whoever came before.
	withoutWaiting bool
	// afterSession goes on claiming when its session has ended, until it owns the thing again.
	afterSession bool
}

// contend holds one session after another until stop ends. A lease whose grant was not answered may be granted late, by a request that was held on its
// way. So the same lease is asked for again, until it is known to be granted. Each later session has a lease of its own: a late request to revoke the
// lease before does not touch it.
func (c *contender) contend(stop stopping, t traits) {
	var s session
	for stop.Err() == nil {
		if s.granted || s.id == clientv3.NoLease {
			s = session{contender: c, traits: t, id: clientv3.LeaseID(c.setup.Rand()*(1<<62)) + 1}
		}
		if s.grant(stop) {
			s.hold(stop)
			s.giveUp()
		}
		pause(stop, c.setup.Timing.Election/2)
	}
	c.cluster.claim(c.thing.Subject, nil)
	if s.id != clientv3.NoLease && !s.granted || len(c.unrevoked) > 0 {
		s.giveUp()
	}
}

// session is one lease, the key under it, and what follows from them.
type session struct {
	*contender
	traits  traits
	id      clientv3.LeaseID
	granted bool
	// until is when the lease may expire, as far as is known. gone says that it is gone.
	until time.Time
	gone  bool
	owns  bool
}

func (s *session) key() string { return fmt.Sprintf("%s%x", s.thing.Prefix, int64(s.id)) }

// grant creates the lease. Since an earlier attempt may have created it, it is not known yet how long it lives.
func (s *session) grant(stop stopping) bool {
	ctx, cancel := context.WithTimeout(stop, s.setup.Timing.RequestTimeout)
	defer cancel()
	s.granted = lease.Grant(ctx, s.client, s.id, s.setup.Timing.LeaseTTL) == nil
	return s.granted
}

// hold keeps the lease; it writes the key, waits until it is the oldest, and then claims the thing. It returns when the lease may have expired or is
// gone, or stop has ended.
func (s *session) hold(stop stopping) {
	t := s.setup.Timing
	for !s.renew(stop) {
		if s.gone || stop.Err() != nil {
			return
		}
		pause(stop, t.Election/2)
	}
	written := false
	renew := time.Now().Add(t.LeaseTTL / 3)
	for stop.Err() == nil {
		next := renew
		switch {
		case s.over():
			return
		case !time.Now().Before(renew):
			if s.renew(stop) {
				renew = time.Now().Add(t.LeaseTTL / 3)
				s.claim()
			} else if s.gone {
				return
			} else {
				renew = time.Now().Add(t.Election / 2)
			}
			continue
		case !written:
			written = s.write(stop)
		case !s.owns:
			s.owns = s.traits.withoutWaiting || s.first(stop)
			s.claim()
		}
		if !s.owns {
			if again := time.Now().Add(t.Election); again.Before(next) {
				next = again
			}
		}
		if !s.traits.untilTold && s.until.Before(next) {
			next = s.until
		}
		pause(stop, time.Until(next))
	}
}

// over says whether the lease may have expired.
func (s *session) over() bool { return !s.traits.untilTold && !time.Now().Before(s.until) }

// renew renews the lease once, and notes until when it lives, or that it is gone.
func (s *session) renew(stop stopping) bool {
	ctx, cancel := context.WithTimeout(stop, s.setup.Timing.RequestTimeout)
	defer cancel()
	counted := time.Now()
	ttl, err := lease.Extend(ctx, s.client, s.id)
	if err != nil {
		s.gone = errors.Is(err, rpctypes.ErrLeaseNotFound)
		return false
	}
	if s.traits.fromAnswer {
		counted = time.Now()
	}
	s.until = counted.Add(ttl)
	return true
}

// write puts the key under the lease, if it does not stand yet.
func (s *session) write(stop stopping) bool {
	ctx, cancel := context.WithTimeout(stop, s.setup.Timing.RequestTimeout)
	defer cancel()
	_, err := s.client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(s.key()), "=", 0)).
		Then(clientv3.OpPut(s.key(), fmt.Sprintf("manager %d", s.setup.Number), clientv3.WithLease(s.id))).
		Commit()
	return err == nil
}

// first says whether the key is the oldest. It stays so for as long as it stands, since no key can become older.
func (s *session) first(stop stopping) bool {
	ctx, cancel := context.WithTimeout(stop, s.setup.Timing.RequestTimeout)
	defer cancel()
	resp, err := s.client.Get(ctx, s.thing.Prefix, clientv3.WithFirstCreate()...)
	return err == nil && len(resp.Kvs) > 0 && string(resp.Kvs[0].Key) == s.key()
}

// claim says what follows from the session: that the thing is owned, and until when.
func (s *session) claim() {
	if !s.owns {
		return
	}
	claim := harness.Claim{Thing: s.thing.Subject, Key: s.key(), Lease: s.id, Until: s.until}
	if s.traits.untilTold || s.traits.afterSession {
		claim.Until = time.Time{}
	}
	s.cluster.claim(s.thing.Subject, &claim)
}

// giveUp ends the claim, and then revokes the lease, with those that an earlier session could not revoke, through any member that carries that out in
// time. What is not revoked expires.
func (s *session) giveUp() {
	if s.owns && !s.traits.afterSession {
		s.cluster.claim(s.thing.Subject, nil)
	}
	s.unrevoked = append(s.unrevoked, s.id)
	timeout := s.setup.Timing.RequestTimeout
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for len(s.unrevoked) > 0 && ctx.Err() == nil {
		attempt, done := context.WithTimeout(ctx, timeout/time.Duration(2*max(1, len(s.client.Endpoints()))))
		err := lease.Revoke(attempt, s.client, s.unrevoked[0])
		done()
		if err == nil {
			s.unrevoked = s.unrevoked[1:]
			continue
		}
		pause(ctx, s.setup.Timing.Heartbeat)
	}
}

// prefixWithoutSlash is the thing's prefix as clientv3/concurrency wants it.
func (c *contender) prefixWithoutSlash() string { return strings.TrimSuffix(c.thing.Prefix, "/") }

// pause blocks for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
