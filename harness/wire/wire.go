// Package wire records what the clients of a manager do, as the manager's side of each connection sees it: behind every fault point.
//
//	                        ┌───────────── Wire ─────────────┐
//	manager ── clientv3 ────┤ requests, watches ── promises  │
//	                        │ dials, connections ── frames   ├─ its link ─ link of all clients ── member
//	                        └────────────────────────────────┘
//
// Both engines give its dial options to the manager's clients. A client that replaces the dialer or the interceptors is not recorded.
package wire

import (
	"context"
	"net"
	"strconv"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/stormwatch/stormwatch/harness/link"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Wire records what one manager's clients of one cluster do. Its fields are set before use. It is safe for concurrent use.
type Wire struct {
	// Manager is the number of the manager, from 1 on, Recorder what it is recorded by, and Board has its fault points.
	Manager  int
	Recorder *record.Recorder
	Board    *point.Board
	Cluster  string
	// Dial connects to the address of a member. It blocks until it is connected, refused, or ctx ends.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// At returns the name of the member with an address, and Named that of the member with an etcd member id; empty if there is none.
	At    func(address string) string
	Named func(id uint64) string

	mu     sync.Mutex
	ranges map[string]*coverage  // by the range of keys that is watched
	links  map[string]*link.Link // by member
	pace   pace
}

// managerKey is the key of gRPC metadata that tells a member which manager calls, so that it can record whose watches it serves. The first manager,
// usually the only one, sends none.
const managerKey = "stormwatch-manager"

// Caller is the number of the manager that makes a call, from the metadata that the member has received with it.
func Caller(ctx context.Context) int {
	if values := metadata.ValueFromIncomingContext(ctx, managerKey); len(values) == 1 {
		if n, err := strconv.Atoi(values[0]); err == nil {
			return n
		}
	}
	return 1
}

// linkTo is the link of this manager's connections to a member.
func (w *Wire) linkTo(member string) *link.Link {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.links == nil {
		w.links = map[string]*link.Link{}
	}
	l, ok := w.links[member]
	if !ok {
		l = link.OfManager(w.Board, w.Cluster, member, w.Manager)
		w.links[member] = l
	}
	return l
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
	w.sends(record.Requests)
	return invoke(ctx, method, request, response, cc, options...)
}

func (w *Wire) stream(
	ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	if w.Manager > 1 {
		ctx = metadata.AppendToOutgoingContext(ctx, managerKey, strconv.Itoa(w.Manager))
	}
	s, err := open(ctx, desc, cc, method, options...)
	switch {
	case err != nil:
		w.sends(record.Requests)
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
	s.wire.sends(record.Requests)
	return s.ClientStream.SendMsg(m)
}
