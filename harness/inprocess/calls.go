package inprocess

import (
	"context"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/auth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// calls are the direct calls under way in a server. They must end before a server that is stopped closes its database, since etcd panics
// if a call uses a closed database. For calls over a network, the gRPC server takes care of that.
type calls struct {
	auth   auth.AuthStore
	ctx    context.Context // ends when the server is about to stop
	cancel context.CancelFunc

	mu     sync.Mutex // guards closed, and every Add to active
	closed bool
	active sync.WaitGroup
}

func newCalls(a auth.AuthStore) *calls {
	c := &calls{auth: a}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// enter begins a call; leave ends it. The context that it returns also ends when the server is about to stop.
func (c *calls) enter(ctx context.Context) (_ context.Context, leave func(), err error) {
	ctx = c.asRoot(ctx) // without the lock, since a server that hangs may keep it waiting
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, nil, status.Error(codes.Unavailable, "the member is down")
	}
	c.active.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.ctx, cancel)
	return ctx, func() { stop(); cancel(); c.active.Done() }, nil
}

// asRoot is ctx for a call in the name of the user root, if authentication is on. The server itself makes a token for it, as for its own requests.
func (c *calls) asRoot(ctx context.Context) context.Context { return c.auth.WithRoot(ctx) }

// end refuses further calls, interrupts those under way and blocks until they have ended.
func (c *calls) end() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.active.Wait()
}

// unary makes one call and counts it as under way until it returns.
func unary[Request, Response any](
	c *calls, ctx context.Context, call func(context.Context, Request, ...grpc.CallOption) (Response, error),
	request Request, options []grpc.CallOption,
) (Response, error) {
	ctx, leave, err := c.enter(ctx)
	if err != nil {
		var none Response
		return none, err
	}
	defer leave()
	return call(ctx, request, options...)
}

type kvClient struct {
	pb.KVClient
	calls *calls
}

func (k kvClient) Range(ctx context.Context, r *pb.RangeRequest, o ...grpc.CallOption) (*pb.RangeResponse, error) {
	return unary(k.calls, ctx, k.KVClient.Range, r, o)
}

func (k kvClient) Put(ctx context.Context, r *pb.PutRequest, o ...grpc.CallOption) (*pb.PutResponse, error) {
	return unary(k.calls, ctx, k.KVClient.Put, r, o)
}

func (k kvClient) DeleteRange(ctx context.Context, r *pb.DeleteRangeRequest, o ...grpc.CallOption) (*pb.DeleteRangeResponse, error) {
	return unary(k.calls, ctx, k.KVClient.DeleteRange, r, o)
}

func (k kvClient) Txn(ctx context.Context, r *pb.TxnRequest, o ...grpc.CallOption) (*pb.TxnResponse, error) {
	return unary(k.calls, ctx, k.KVClient.Txn, r, o)
}

func (k kvClient) Compact(ctx context.Context, r *pb.CompactionRequest, o ...grpc.CallOption) (*pb.CompactionResponse, error) {
	return unary(k.calls, ctx, k.KVClient.Compact, r, o)
}

type leaseClient struct {
	pb.LeaseClient
	calls *calls
}

func (l leaseClient) LeaseGrant(ctx context.Context, r *pb.LeaseGrantRequest, o ...grpc.CallOption) (*pb.LeaseGrantResponse, error) {
	return unary(l.calls, ctx, l.LeaseClient.LeaseGrant, r, o)
}

func (l leaseClient) LeaseRevoke(ctx context.Context, r *pb.LeaseRevokeRequest, o ...grpc.CallOption) (*pb.LeaseRevokeResponse, error) {
	return unary(l.calls, ctx, l.LeaseClient.LeaseRevoke, r, o)
}

func (l leaseClient) LeaseTimeToLive(
	ctx context.Context, r *pb.LeaseTimeToLiveRequest, o ...grpc.CallOption,
) (*pb.LeaseTimeToLiveResponse, error) {
	return unary(l.calls, ctx, l.LeaseClient.LeaseTimeToLive, r, o)
}

func (l leaseClient) LeaseLeases(ctx context.Context, r *pb.LeaseLeasesRequest, o ...grpc.CallOption) (*pb.LeaseLeasesResponse, error) {
	return unary(l.calls, ctx, l.LeaseClient.LeaseLeases, r, o)
}

// LeaseKeepAlive opens a stream, which is not counted.
func (l leaseClient) LeaseKeepAlive(ctx context.Context, o ...grpc.CallOption) (grpc.BidiStreamingClient[pb.LeaseKeepAliveRequest, pb.LeaseKeepAliveResponse], error) {
	return l.LeaseClient.LeaseKeepAlive(l.calls.asRoot(ctx), o...)
}

type clusterClient struct {
	pb.ClusterClient
	calls *calls
}

func (c clusterClient) MemberAdd(ctx context.Context, r *pb.MemberAddRequest, o ...grpc.CallOption) (*pb.MemberAddResponse, error) {
	return unary(c.calls, ctx, c.ClusterClient.MemberAdd, r, o)
}

func (c clusterClient) MemberRemove(ctx context.Context, r *pb.MemberRemoveRequest, o ...grpc.CallOption) (*pb.MemberRemoveResponse, error) {
	return unary(c.calls, ctx, c.ClusterClient.MemberRemove, r, o)
}

func (c clusterClient) MemberUpdate(ctx context.Context, r *pb.MemberUpdateRequest, o ...grpc.CallOption) (*pb.MemberUpdateResponse, error) {
	return unary(c.calls, ctx, c.ClusterClient.MemberUpdate, r, o)
}

func (c clusterClient) MemberList(ctx context.Context, r *pb.MemberListRequest, o ...grpc.CallOption) (*pb.MemberListResponse, error) {
	return unary(c.calls, ctx, c.ClusterClient.MemberList, r, o)
}

func (c clusterClient) MemberPromote(
	ctx context.Context, r *pb.MemberPromoteRequest, o ...grpc.CallOption,
) (*pb.MemberPromoteResponse, error) {
	return unary(c.calls, ctx, c.ClusterClient.MemberPromote, r, o)
}

type maintenanceClient struct {
	pb.MaintenanceClient
	calls *calls
}

func (m maintenanceClient) Alarm(ctx context.Context, r *pb.AlarmRequest, o ...grpc.CallOption) (*pb.AlarmResponse, error) {
	return unary(m.calls, ctx, m.MaintenanceClient.Alarm, r, o)
}

func (m maintenanceClient) Status(ctx context.Context, r *pb.StatusRequest, o ...grpc.CallOption) (*pb.StatusResponse, error) {
	return unary(m.calls, ctx, m.MaintenanceClient.Status, r, o)
}

func (m maintenanceClient) Defragment(ctx context.Context, r *pb.DefragmentRequest, o ...grpc.CallOption) (*pb.DefragmentResponse, error) {
	return unary(m.calls, ctx, m.MaintenanceClient.Defragment, r, o)
}

func (m maintenanceClient) Hash(ctx context.Context, r *pb.HashRequest, o ...grpc.CallOption) (*pb.HashResponse, error) {
	return unary(m.calls, ctx, m.MaintenanceClient.Hash, r, o)
}

func (m maintenanceClient) HashKV(ctx context.Context, r *pb.HashKVRequest, o ...grpc.CallOption) (*pb.HashKVResponse, error) {
	return unary(m.calls, ctx, m.MaintenanceClient.HashKV, r, o)
}

func (m maintenanceClient) MoveLeader(ctx context.Context, r *pb.MoveLeaderRequest, o ...grpc.CallOption) (*pb.MoveLeaderResponse, error) {
	return unary(m.calls, ctx, m.MaintenanceClient.MoveLeader, r, o)
}
