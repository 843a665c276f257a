// Package wire records what the clients of a manager do, as the manager's side of each connection sees it: behind every fault point.
//
//	                        ┌───────────── Wire ─────────────┐
//	manager ── clientv3 ────┤ requests, watches ── promises  │
//	                        │ dials, connections ── frames   ├──── link ── member
//	                        └────────────────────────────────┘
//
// Both engines give its dial options to the manager's clients. A client that replaces the dialer or the interceptors is not recorded.
package wire

import (
	"context"
	"net"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Wire records the clients of one cluster. Its fields are set before use. It is safe for concurrent use.
type Wire struct {
	Recorder *record.Recorder
	Cluster  string
	// Dial connects to the address of a member. It blocks until it is connected, refused, or ctx ends.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// At returns the name of the member with an address, and Named that of the member with an etcd member id; empty if there is none.
	At    func(address string) string
	Named func(id uint64) string

	mu     sync.Mutex
	ranges map[string]*coverage // by the range of keys that is watched
}

// DialOptions are the options that make a client's connections and requests pass through the wire.
func (w *Wire) DialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithContextDialer(w.dial),
		grpc.WithChainUnaryInterceptor(w.unary),
		grpc.WithChainStreamInterceptor(w.stream),
	}
}

// Forget forgets what watches have delivered, because the cluster was restored from a backup: the same revisions will have other events. No watch may
// be open.
func (w *Wire) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ranges = nil
}

func (w *Wire) unary(
	ctx context.Context, method string, request, response any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	w.Recorder.Sent(w.Cluster, record.Requests)
	return invoke(ctx, method, request, response, cc, options...)
}

func (w *Wire) stream(
	ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	s, err := open(ctx, desc, cc, method, options...)
	switch {
	case err != nil:
		w.Recorder.Sent(w.Cluster, record.Requests)
		return nil, err
	case method == pb.Watch_Watch_FullMethodName:
		return &watchStream{ClientStream: s, wire: w, open: map[int64]*watch{}}, nil
	}
	return &otherStream{s, w}, nil
}

// otherStream is a stream that carries no watches: each message on it is a request.
type otherStream struct {
	grpc.ClientStream
	wire *Wire
}

// SendMsg counts and sends a message.
func (s *otherStream) SendMsg(m any) error {
	s.wire.Recorder.Sent(s.wire.Cluster, record.Requests)
	return s.ClientStream.SendMsg(m)
}
