package flawed

import (
	"context"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// grantsAgain writes its key under another lease once a second, lets etcd choose the lease's id, and revokes the lease before. It goes from member to
// member. A lease whose grant was carried out without an answer is one that it does not know.
func grantsAgain() harness.Candidate {
	c := spoiled("grants-again",
		"Forgets that a request may be carried out without an answer: it asks for another lease, and nobody revokes the one that there is (clientv3's Grant).",
		oracle.Leaks{}.Name(), func(t *traits) { t.grantsAgain = true })
	c.Timing = func(suggested bound.Manager) bound.Manager {
		suggested = unsynced(suggested)
		suggested.Refresh = time.Second
		return suggested
	}
	return c
}

// grantAgain asks for a lease, writes the key under it, and revokes the lease before.
func (r *registrar) grantAgain(ctx context.Context, client *clientv3.Client) error {
	leases := pb.NewLeaseClient(client.ActiveConnection())
	resp, err := leases.LeaseGrant(ctx, &pb.LeaseGrantRequest{TTL: int64(r.cluster.traits.leaseTTL / time.Second)})
	if err != nil {
		return rpctypes.Error(err)
	}
	before := r.lease
	r.lease = clientv3.LeaseID(resp.ID)
	if _, err := client.Put(ctx, r.cluster.manager.ownKey(), "10.0.0.8:6000", clientv3.WithLease(r.lease)); err != nil {
		return err
	}
	if before != 0 {
		_, err = leases.LeaseRevoke(ctx, &pb.LeaseRevokeRequest{ID: int64(before)})
	}
	return rpctypes.Error(err)
}
