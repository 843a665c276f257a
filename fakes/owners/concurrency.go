package owners

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/etcd/client/v3/concurrency"

	"github.com/stormwatch/stormwatch/fakes/flawed"
	"github.com/stormwatch/stormwatch/fakes/lock"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// Concurrency owns things by clientv3/concurrency as it comes: a Mutex for a lock, an Election for a leadership, until Session.Done.
func Concurrency() harness.Candidate {
	return over(flawed.Sound(), "concurrency",
		"Owns things by clientv3/concurrency as it comes, until Session.Done, which is told up to a second too late, and counts from the answer.",
		oracle.OneOwner{}.Name(), func(c *contender, stop stopping) { c.byConcurrency(stop, true) })
}

// ignoresSessionDone locks and never looks at Session.Done.
func ignoresSessionDone() harness.Candidate {
	return over(flawed.Sound(), "ignores-session-done",
		"Locks by clientv3/concurrency and never looks at Session.Done: once locked, locked for ever.",
		oracle.OneOwner{}.Name(), func(c *contender, stop stopping) { c.byConcurrency(stop, false) })
}

// byConcurrency owns the thing by one session after another until stop ends.
func (c *contender) byConcurrency(stop stopping, looksAtDone bool) {
	for stop.Err() == nil {
		_ = c.oneSession(stop, looksAtDone) // it is tried again, whatever the error
		pause(stop, c.setup.Timing.Election)
	}
}

// oneSession waits until the thing is owned, claims it until the session ends or stop does, and gives it up.
func (c *contender) oneSession(stop stopping, looksAtDone bool) error {
	s, err := concurrency.NewSession(c.client, concurrency.WithTTL(int(c.setup.Timing.LeaseTTL/time.Second)))
	if err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	defer s.Close()
	key, release, err := c.acquire(stop, s)
	if err != nil {
		return err
	}
	c.cluster.claim(c.thing.Subject, &harness.Claim{Thing: c.thing.Subject, Key: key, Lease: s.Lease()})
	defer c.cluster.claim(c.thing.Subject, nil)
	done := s.Done()
	if !looksAtDone {
		done = nil
	}
	select {
	case <-done:
		return nil
	case <-stop.Done():
	}
	c.cluster.claim(c.thing.Subject, nil)
	ctx, cancel := context.WithTimeout(context.Background(), c.setup.Timing.RequestTimeout)
	defer cancel()
	return release(ctx)
}

// acquire blocks until the session owns the thing.
func (c *contender) acquire(stop stopping, s *concurrency.Session) (key string, release func(context.Context) error, err error) {
	if c.thing.Subject.Kind == lock.Leadership {
		e := concurrency.NewElection(s, c.prefixWithoutSlash())
		if err := e.Campaign(stop, fmt.Sprintf("manager %d", c.setup.Number)); err != nil {
			return "", nil, fmt.Errorf("campaign: %w", err)
		}
		return e.Key(), e.Resign, nil
	}
	m := concurrency.NewMutex(s, c.prefixWithoutSlash())
	if err := m.Lock(stop); err != nil {
		return "", nil, fmt.Errorf("lock: %w", err)
	}
	return m.Key(), m.Unlock, nil
}
