package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/server/v3/lease"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/record"
)

// This file is what fakes need: how they write, how often, and how the harness learns of it.

// Commit runs write against the cluster through the member that leads, until it succeeds or ctx ends. An attempt takes no
// longer than half an election timeout, since the leader may be hung; write is then called again and must cope with the
// earlier attempt having been carried out after all. It is how fakes write: they stand for other machines, so that no fault on
// the way between the manager and the cluster touches them. Begun is when the first attempt was made.
func (c *Cluster) Commit(ctx context.Context, write func(context.Context, *clientv3.Client) error) (begun time.Duration, err error) {
	begun = c.world.Elapsed()
	err = c.insist(ctx, func(leader *Member) error { return leader.do(ctx, write) })
	return begun, err
}

// Grant makes a lease of LeaseTTL for a fake, as Commit writes. The harness knows it from the first attempt on, since each may be
// carried out late: no lease of a fake is ever taken for the manager's.
func (c *Cluster) Grant(ctx context.Context) (clientv3.LeaseID, error) {
	c.mu.Lock()
	id := clientv3.LeaseID(len(c.leases) + 1)
	c.leases[id] = true
	c.mu.Unlock()
	// A client cannot choose the lease's id, a server can be told.
	request := pb.LeaseGrantRequest{ID: int64(id), TTL: int64(c.LeaseTTL() / time.Second)}
	err := c.insist(ctx, func(leader *Member) error {
		server := leader.Server()
		if server == nil {
			return leader.down()
		}
		ctx, cancel := leader.attempt(ctx)
		defer cancel()
		if _, err := server.LeaseGrant(ctx, &request); !errors.Is(err, lease.ErrLeaseExists) {
			return err
		}
		return nil // an attempt that timed out was carried out
	})
	return id, err
}

// insist tries something on the member that leads until it succeeds or ctx ends.
func (c *Cluster) insist(ctx context.Context, try func(leader *Member) error) error {
	for {
		if leader := c.currentLeader(); leader != nil && try(leader) == nil {
			return nil
		}
		timer := time.NewTimer(c.world.timing.Heartbeat)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("cluster %s: write: %w", c.name, ctx.Err())
		case <-timer.C:
		}
	}
}

// LoadInterval is how often the cluster's fakes commit an update, RefreshInterval how often they refresh what they have under a lease
// and LeaseTTL how long that lasts without.
func (c *Cluster) LoadInterval() time.Duration { return c.world.timing.Load }

// RefreshInterval: see LoadInterval.
func (c *Cluster) RefreshInterval() time.Duration { return c.world.timing.Refresh }

// LeaseTTL: see LoadInterval.
func (c *Cluster) LeaseTTL() time.Duration { return c.world.timing.LeaseTTL }

// Stamp is a number that the cluster has not given out before, about the time in seconds.
func (c *Cluster) Stamp() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stamp++
	return firstStamp + c.stamp
}

// firstStamp is a second in November 2026.
const firstStamp = 1_795_000_000

// Guard tells the harness of a key that must stand and that the manager must not touch.
func (c *Cluster) Guard(keys ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.guards = append(c.guards, keys...)
}

// Record puts an update into the ledger: it was begun when Commit says and is committed, its writer just had the answer.
func (c *Cluster) Record(begun time.Duration, subject record.Subject, value string, revision int64) {
	c.world.recorder.Commit(record.Commit{Begun: begun, Cluster: c.name, Subject: subject, Value: value, Revision: revision})
}
