package rpc

import (
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness/point"
)

// keepAliveStream is a gRPC stream of requests to keep leases alive.
type keepAliveStream struct {
	grpc.ServerStream
	member Member
}

// RecvMsg receives the next request that the point lease-keepalive lets through.
func (s keepAliveStream) RecvMsg(m any) error {
	for {
		if err := s.ServerStream.RecvMsg(m); err != nil {
			return err
		}
		if _, ok := m.(*pb.LeaseKeepAliveRequest); !ok ||
			s.member.Board.Pass(s.Context().Done(), s.member.path(point.LeaseKeepAlive)) != point.Drop {
			return nil
		}
	}
}
