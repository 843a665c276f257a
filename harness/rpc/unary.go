package rpc

import (
	"context"
	"path"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/stormwatch/stormwatch/harness/point"
)

// interceptUnary takes a call past the point of its method. If the point loses the answer, the caller waits until its own deadline, or until the
// point is healed: then it gets the error with which etcd answers a request whose outcome is unknown.
func (m Member) interceptUnary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	at := m.path(point.Unary(path.Base(info.FullMethod)))
	decision := m.Board.Decide(at)
	if m.Board.Hold(ctx.Done(), at, decision) != nil {
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if decision.Kind == point.Fail {
		return nil, rpctypes.ErrGRPCTimeout
	}
	answer, err := handle(ctx, request)
	if decision.Kind != point.Drop {
		return answer, err
	}
	if m.Board.AwaitOff(ctx.Done(), at) != nil {
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return nil, rpctypes.ErrGRPCTimeout
}
