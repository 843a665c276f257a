package virtual

import (
	"context"
	"net"
	"runtime/pprof"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
)

// refusingServer serves clients that were made without their world's dial options. If their dials failed, clientv3 would retry until the
// caller's deadline and report only that the deadline passed. So the dial succeeds, and every call returns an error that clientv3 does
// not retry and that says what is missing.
type refusingServer struct {
	open     sync.Once
	listener *bufconn.Listener // nil until the first dial
	server   *grpc.Server
	serving  sync.WaitGroup
}

var errNoOptions = status.Error(codes.FailedPrecondition, "in virtual time a client reaches its cluster only with the world's dial options: "+
	"make its configuration with Target.Config")

// option makes a connection dial this server.
func (s *refusingServer) option() grpc.DialOption {
	return grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		s.open.Do(s.serve)
		return s.listener.DialContext(ctx)
	})
}

// serve starts the server. It is called in the bubble, so its goroutines and channels belong to the bubble.
func (s *refusingServer) serve() {
	s.listener = bufconn.Listen(connectionBuffer)
	s.server = grpc.NewServer(grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error { return errNoOptions }))
	s.serving.Go(func() {
		// The first dialer's goroutine starts this one, which inherits its profiler labels. They would wrongly mark it as the manager's.
		pprof.SetGoroutineLabels(context.Background())
		_ = s.server.Serve(s.listener) // the error says only that close was called
	})
}

// close stops the server and closes its connections. It must be called in the bubble.
func (s *refusingServer) close() {
	s.open.Do(func() {})
	if s.server != nil {
		s.server.Stop()
		s.serving.Wait()
	}
}
