package flawed

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/fakes/internal/lease"
)

// registrar keeps the manager's own key in a cluster, under a lease.
type registrar struct {
	cluster *cluster
	lease   clientv3.LeaseID // zero: none was asked for
	granted bool
	next    int
}

// run keeps the key until ctx ends, and then withdraws it.
func (r *registrar) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := r.refresh(ctx)
		switch {
		case errors.Is(err, rpctypes.ErrLeaseNotFound) && !r.cluster.traits.keepsLostLease:
			r.lease, r.granted = 0, false
			continue
		case err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound):
			r.change()
			pause(ctx, r.cluster.manager.setup.Timing.Heartbeat)
			continue
		}
		pause(ctx, r.cluster.traits.register)
		if r.cluster.traits.grantsAgain {
			r.change()
		}
	}
	r.withdraw()
}

// change makes the next request go to another member.
func (r *registrar) change() {
	if !r.cluster.traits.registersAtOne {
		r.next++
	}
}

// refresh extends the lease and writes the key, through one member.
func (r *registrar) refresh(ctx context.Context) error {
	t := r.cluster.traits
	ctx, cancel := context.WithTimeout(ctx, t.request)
	defer cancel()
	client, err := r.client(ctx)
	if err != nil {
		return err
	}
	if t.grantsAgain {
		return r.grantAgain(ctx, client)
	}
	if r.lease == 0 {
		r.lease = clientv3.LeaseID(rand.Int64N(1<<62) + 1)
	}
	if !r.granted {
		if err := lease.Grant(ctx, client, r.lease, t.leaseTTL); err != nil {
			return err
		}
		r.granted = true
	}
	if _, err := lease.Extend(ctx, client, r.lease); err != nil {
		return err
	}
	_, err = client.Put(ctx, r.cluster.manager.ownKey(), "10.0.0.8:6000", clientv3.WithLease(r.lease))
	return err
}

// withdraw revokes the lease, through any member that carries that out in time.
func (r *registrar) withdraw() {
	t := r.cluster.traits
	ctx, cancel := context.WithTimeout(context.Background(), t.request)
	defer cancel()
	for r.lease != 0 && ctx.Err() == nil {
		attempt, done := context.WithTimeout(ctx, t.request/time.Duration(2*len(r.cluster.members)))
		client, err := r.client(attempt)
		if err == nil {
			err = lease.Revoke(attempt, client, r.lease)
		}
		if err == nil && t.deletesPrefix {
			_, err = client.Delete(attempt, r.cluster.manager.ownPrefix(), clientv3.WithPrefix())
		}
		done()
		if err == nil {
			return
		}
		r.next++
		pause(ctx, r.cluster.manager.setup.Timing.Heartbeat)
	}
}

func (r *registrar) client(ctx context.Context) (*clientv3.Client, error) {
	return r.cluster.members[r.next%len(r.cluster.members)].etcd(ctx)
}
