package inprocess

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.etcd.io/etcd/server/v3/proxy/grpcproxy/adapter"

	"github.com/stormwatch/stormwatch/harness"
)

// Server is an etcd server in this process, with a client that calls it directly, without a network.
type Server struct {
	etcd   *etcdserver.EtcdServer
	calls  *calls
	direct harness.Direct
}

// NewServer wraps a server that was started.
func NewServer(s *etcdserver.EtcdServer) *Server {
	calls := newCalls(s.AuthStore())
	client := v3client.New(s)
	leases := leaseClient{adapter.LeaseServerToLeaseClient(v3rpc.NewQuotaLeaseServer(s)), calls}
	client.KV = clientv3.NewKVFromKVClient(kvClient{adapter.KvServerToKvClient(v3rpc.NewQuotaKVServer(s)), calls}, client)
	client.Lease = clientv3.NewLeaseFromLeaseClient(leases, client, time.Second)
	client.Cluster = clientv3.NewClusterFromClusterClient(
		clusterClient{adapter.ClusterServerToClusterClient(v3rpc.NewClusterServer(s)), calls}, client)
	client.Auth = clientv3.NewAuthFromAuthClient(authClient{adapter.AuthServerToAuthClient(v3rpc.NewAuthServer(s)), calls}, client)
	client.Watcher = rootWatcher{client.Watcher, calls}
	maintenance := maintenanceServer{v3rpc.NewMaintenanceServer(s, nil), s}
	maintain := maintenanceClient{adapter.MaintenanceServerToMaintenanceClient(maintenance), calls}
	client.Maintenance = clientv3.NewMaintenanceFromMaintenanceClient(maintain, client)
	return &Server{etcd: s, calls: calls, direct: harness.Direct{Client: client, Leases: leases, Maintenance: maintain}}
}

// Status is what the server reports about itself. A nil Server is a member that is down.
func (s *Server) Status() harness.Status {
	if s == nil {
		return harness.Status{}
	}
	return harness.Status{
		Up: true, ID: uint64(s.etcd.MemberID()), Leader: uint64(s.etcd.Leader()), Term: s.etcd.Term(), Applied: s.etcd.AppliedIndex(),
	}
}

// ErrDown is returned for a member that does not run.
var ErrDown = errors.New("it is down")

// Direct is the client that calls the server directly. It returns [ErrDown] for a nil Server.
func (s *Server) Direct() (harness.Direct, error) {
	if s == nil {
		return harness.Direct{}, ErrDown
	}
	return s.direct, nil
}

// CloseDirect closes the direct client: it interrupts the calls under way and blocks until they have ended. It must be called before the
// server is stopped, and after everything that holds the server, such as a fault, has been released.
func (s *Server) CloseDirect() {
	s.calls.end()
	_ = s.direct.Close() // the error says only that its context has ended
}

// maintenanceServer implements Defragment without etcd's health notifier, which only a server with a network has.
type maintenanceServer struct {
	pb.MaintenanceServer
	etcd *etcdserver.EtcdServer
}

func (m maintenanceServer) Defragment(context.Context, *pb.DefragmentRequest) (*pb.DefragmentResponse, error) {
	if err := m.etcd.Defragment(); err != nil {
		return nil, fmt.Errorf("defragment: %w", err)
	}
	return &pb.DefragmentResponse{}, nil
}
