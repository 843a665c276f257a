package manager

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
)

// lease is a registration under one etcd lease, with the requests to grant, refresh and revoke it. Each request can safely
// be repeated through another member, whether or not an earlier try without a response took effect: the caller chooses
// the lease's id, so a lease whose grant got no response can still be used and revoked.
//
// The requests do not use clientv3's Lease, whose KeepAliveOnce repeats a refused request without a pause.
type lease struct {
	id           int64
	ttl          time.Duration
	registration Registration
	// granted is true once a member confirmed the lease.
	granted bool
}

// failFast makes a request fail as soon as the connection is refused, instead of waiting until its deadline.
var failFast = grpc.WaitForReady(false)

func (l *lease) grant(ctx context.Context, client *clientv3.Client) (*pb.ResponseHeader, error) {
	seconds := int64((l.ttl + time.Second - 1) / time.Second)
	resp, err := pb.NewLeaseClient(client.ActiveConnection()).LeaseGrant(ctx, &pb.LeaseGrantRequest{ID: l.id, TTL: seconds}, failFast)
	if errors.Is(rpctypes.Error(err), rpctypes.ErrLeaseExist) {
		return nil, nil
	}
	return resp.GetHeader(), err
}

// refresh extends the lease and writes the heartbeat. It also writes the keys if they do not all exist under this lease:
// the first time, and after somebody deleted or overwrote one. Both requests must succeed through the same member,
// since the write proves that the member that extended the lease is connected to the cluster. They go out together: a write
// under a lease that is lost is refused, so that the loss is noticed although nobody answers the other request.
func (l *lease) refresh(ctx context.Context, client *clientv3.Client) (*pb.ResponseHeader, error) {
	both, ctx := errgroup.WithContext(ctx) // the first failure ends the other request too, and is the one that counts
	var header *pb.ResponseHeader
	both.Go(func() error { return l.keepAlive(ctx, client) })
	both.Go(func() (err error) {
		header, err = l.write(ctx, client)
		return err
	})
	return header, both.Wait()
}

func (l *lease) write(ctx context.Context, client *clientv3.Client) (*pb.ResponseHeader, error) {
	put := func(key, value string) *pb.RequestOp {
		return &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: &pb.PutRequest{
			Key: []byte(key), Value: []byte(value), Lease: l.id,
		}}}
	}
	request := &pb.TxnRequest{}
	for _, kv := range l.registration.Keys {
		request.Compare = append(request.Compare, &pb.Compare{
			Key:         []byte(kv.Key),
			Target:      pb.Compare_LEASE,
			Result:      pb.Compare_EQUAL,
			TargetUnion: &pb.Compare_Lease{Lease: l.id},
		})
		request.Failure = append(request.Failure, put(kv.Key, kv.Value))
	}
	if key := l.registration.Heartbeat; key != "" {
		beat := put(key, strconv.FormatInt(time.Now().UnixNano(), 10))
		request.Success = append(request.Success, beat)
		request.Failure = append(request.Failure, beat)
	}
	resp, err := pb.NewKVClient(client.ActiveConnection()).Txn(ctx, request, failFast)
	return resp.GetHeader(), err
}

func (l *lease) keepAlive(ctx context.Context, client *clientv3.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rpc, err := pb.NewLeaseClient(client.ActiveConnection()).LeaseKeepAlive(ctx, failFast)
	if err != nil {
		return err
	}
	// If the stream has broken, Send returns io.EOF and Recv the reason.
	if err := rpc.Send(&pb.LeaseKeepAliveRequest{ID: l.id}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	resp, err := rpc.Recv()
	if err == nil && resp.TTL <= 0 {
		err = rpctypes.ErrLeaseNotFound
	}
	return err
}

// revoke revokes the lease and so deletes the keys under it. A key that another instance has written since is under that
// instance's lease and stays.
func (l *lease) revoke(ctx context.Context, client *clientv3.Client) (*pb.ResponseHeader, error) {
	resp, err := pb.NewLeaseClient(client.ActiveConnection()).LeaseRevoke(ctx, &pb.LeaseRevokeRequest{ID: l.id}, failFast)
	if leaseLost(err) {
		return nil, nil
	}
	return resp.GetHeader(), err
}

func leaseLost(err error) bool {
	return errors.Is(rpctypes.Error(err), rpctypes.ErrLeaseNotFound)
}
