// Package lease has single requests about leases, which managers of this repository repeat through the member that they like. Those of clientv3 repeat
// themselves.
package lease

import (
	"context"
	"errors"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Grant creates a lease. The caller chooses the id, so that the request can be repeated, and the lease revoked, if the answer is lost.
func Grant(ctx context.Context, client *clientv3.Client, id clientv3.LeaseID, ttl time.Duration) error {
	_, err := pb.NewLeaseClient(client.ActiveConnection()).LeaseGrant(ctx, &pb.LeaseGrantRequest{ID: int64(id), TTL: int64(ttl / time.Second)})
	if err = rpctypes.Error(err); err != nil && !errors.Is(err, rpctypes.ErrLeaseExist) {
		return err
	}
	return nil
}

// Extend extends a lease once, and returns its TTL. The error is [rpctypes.ErrLeaseNotFound] if the lease is gone.
func Extend(ctx context.Context, client *clientv3.Client, id clientv3.LeaseID) (ttl time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := pb.NewLeaseClient(client.ActiveConnection()).LeaseKeepAlive(ctx)
	if err != nil {
		return 0, rpctypes.Error(err)
	}
	if err := stream.Send(&pb.LeaseKeepAliveRequest{ID: int64(id)}); err != nil {
		return 0, rpctypes.Error(err)
	}
	resp, err := stream.Recv()
	switch {
	case err != nil:
		return 0, rpctypes.Error(err)
	case resp.TTL <= 0:
		return 0, rpctypes.ErrLeaseNotFound
	}
	return time.Duration(resp.TTL) * time.Second, nil
}

// Revoke revokes a lease, and so deletes the keys under it. That the lease is gone already is no error.
func Revoke(ctx context.Context, client *clientv3.Client, id clientv3.LeaseID) error {
	_, err := pb.NewLeaseClient(client.ActiveConnection()).LeaseRevoke(ctx, &pb.LeaseRevokeRequest{ID: int64(id)})
	if err = rpctypes.Error(err); err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return err
	}
	return nil
}
