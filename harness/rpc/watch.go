// Package rpc intercepts the calls of a member's gRPC server. Its interceptors evaluate the member's fault points on watches, on requests to keep
// leases alive and on unary calls, and record which watches the member serves. Both engines give them to their servers.
package rpc

import (
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/wire"
)

// Member is the member whose traffic is intercepted.
type Member struct {
	Board    *point.Board
	Recorder *record.Recorder
	Cluster  string
	Name     string
}

// ServerOptions are the options to give the member's gRPC server.
func (m Member) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.ChainStreamInterceptor(m.interceptStream), grpc.ChainUnaryInterceptor(m.interceptUnary)}
}

func (m Member) path(n point.Name) point.Path { return m.Board.Path(m.Cluster, m.Name, n) }

func (m Member) interceptStream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	switch info.FullMethod {
	case pb.Watch_Watch_FullMethodName:
	case pb.Lease_LeaseKeepAlive_FullMethodName:
		return handle(srv, keepAliveStream{ss, m})
	default:
		return handle(srv, ss)
	}
	w := &watchStream{
		ServerStream: ss,
		member:       m,
		manager:      wire.Caller(ss.Context()),
		done:         make(chan struct{}),
		sending:      make(chan struct{}, 1),
		open:         map[int64]*record.OpenWatch{},
	}
	defer w.end()
	return handle(srv, w)
}

// watchStream is one gRPC watch stream. Its requests and responses pass the member's points one by one. Responses with events that a point
// holds wait in a queue, so that progress responses can overtake them: the member looks alive although its events do not arrive.
type watchStream struct {
	grpc.ServerStream
	member  Member
	manager int // the number of the manager that calls
	done    chan struct{}
	// sending is held while a message is sent. It is a channel, not a mutex: a send may wait for a frozen client, and a
	// goroutine that waits for a mutex stops virtual time.
	sending chan struct{}

	mu      sync.Mutex
	asked   []*pb.WatchCreateRequest // the create requests without a response yet, in order
	open    map[int64]*record.OpenWatch
	held    []heldEvents
	holding sync.WaitGroup
}

// heldEvents are events that wait since an instant.
type heldEvents struct {
	response *pb.WatchResponse
	decision point.Decision
	since    time.Time
}

// RecvMsg receives the next request that the points let through.
func (w *watchStream) RecvMsg(m any) error {
	for {
		if err := w.ServerStream.RecvMsg(m); err != nil {
			return err
		}
		request, ok := m.(*pb.WatchRequest)
		if !ok {
			return nil
		}
		if create := request.GetCreateRequest(); create != nil {
			if w.member.Board.Pass(w.Context().Done(), w.member.path(point.WatchCreate)) == point.Drop {
				continue
			}
			w.mu.Lock()
			w.asked = append(w.asked, create)
			w.mu.Unlock()
		}
		if request.GetProgressRequest() != nil &&
			w.member.Board.Pass(w.Context().Done(), w.member.path(point.ProgressRequest)) == point.Drop {
			continue
		}
		return nil
	}
}

// SendMsg sends a response, drops it, or queues it, as the points decide.
func (w *watchStream) SendMsg(m any) error {
	response, ok := m.(*pb.WatchResponse)
	if !ok {
		return w.ServerStream.SendMsg(m)
	}
	switch {
	case response.GetCreated() || response.GetCanceled():
		w.record(response)
	case len(response.GetEvents()) == 0:
		if w.member.Board.Pass(w.Context().Done(), w.member.path(point.ProgressResponse)) == point.Drop {
			return nil
		}
	default:
		decision := w.member.Board.Decide(w.member.path(point.WatchEvent))
		if decision.Kind == point.Drop {
			return nil
		}
		if w.enqueue(response, decision) {
			return nil
		}
	}
	return w.send(response)
}

// send sends one response. It blocks while another is being sent.
func (w *watchStream) send(r *pb.WatchResponse) error {
	select {
	case w.sending <- struct{}{}:
	case <-w.Context().Done():
		return w.Context().Err()
	}
	defer func() { <-w.sending }()
	w.mark(r)
	return w.ServerStream.SendMsg(r)
}

// enqueue queues a response with events that must wait, or that must not overtake others that wait. It returns false if the response can be
// sent now.
func (w *watchStream) enqueue(r *pb.WatchResponse, d point.Decision) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d.Kind == point.Pass && len(w.held) == 0 {
		return false
	}
	w.held = append(w.held, heldEvents{r, d, time.Now()})
	if len(w.held) == 1 {
		w.holding.Go(w.release)
	}
	return true
}

// release sends the queued responses, each when the point releases it, until the queue is empty.
func (w *watchStream) release() {
	for {
		w.mu.Lock()
		next := w.held[0]
		w.mu.Unlock()
		// What queued behind others has waited with them: a delay is a longer way, not a narrower one.
		next.decision.Delay = max(0, next.decision.Delay-time.Since(next.since))
		if w.member.Board.Hold(w.done, w.member.path(point.WatchEvent), next.decision) != nil {
			return
		}
		if w.send(next.response) != nil {
			return
		}
		w.mu.Lock()
		w.held = w.held[1:]
		empty := len(w.held) == 0
		w.mu.Unlock()
		if empty {
			return
		}
	}
}

// record records that a watch was opened or closed.
func (w *watchStream) record(r *pb.WatchResponse) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.GetCreated() && len(w.asked) > 0 {
		// etcd answers create requests in order.
		create := w.asked[0]
		w.asked = w.asked[1:]
		ahead := create.GetStartRevision() > r.GetHeader().GetRevision()
		w.open[r.GetWatchId()] = w.member.Recorder.Of(w.manager).Watch(w.member.Cluster, w.member.Name, string(create.GetKey()), ahead)
	}
	if r.GetCanceled() {
		if watch, ok := w.open[r.GetWatchId()]; ok {
			watch.Close()
			delete(w.open, r.GetWatchId())
		}
	}
}

// mark records a response on the watches that it is for. A response to a progress request is for all watches of the stream (etcd's watch
// id is then -1). A response that a link holds back is not recorded, since the client does not receive it.
func (w *watchStream) mark(r *pb.WatchResponse) {
	if w.member.Board.Stops(w.member.path(point.ClientWrite)) || w.member.Board.Stops(w.member.path(point.ClientWrite.Of(w.manager))) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, watch := range w.open {
		if id == r.GetWatchId() || r.GetWatchId() == -1 {
			watch.Sent()
		}
	}
}

// end records that the watches are closed once the stream has ended. It blocks until release has ended.
func (w *watchStream) end() {
	close(w.done)
	w.holding.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, watch := range w.open {
		watch.Close()
	}
}
