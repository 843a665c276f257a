// Package rpc stands between etcd's gRPC server and its network: interceptors that evaluate a member's fault points on
// watch traffic and keep account of which watches the member serves. Both engines hand them to their servers.
package rpc

import (
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Member is whose traffic is intercepted.
type Member struct {
	Board    *point.Board
	Recorder *record.Recorder
	Cluster  string
	Name     string
}

// ServerOptions are the options to give the member's gRPC server.
func (m Member) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.ChainStreamInterceptor(m.interceptStream)}
}

func (m Member) path(n point.Name) point.Path { return point.Of(m.Cluster, m.Name, n) }

func (m Member) interceptStream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if info.FullMethod != pb.Watch_Watch_FullMethodName {
		return handle(srv, ss)
	}
	w := &watchStream{
		ServerStream: ss,
		member:       m,
		done:         make(chan struct{}),
		sending:      make(chan struct{}, 1),
		open:         map[int64]*record.OpenWatch{},
	}
	defer w.end()
	return handle(srv, w)
}

// watchStream is one gRPC watch stream. Its requests and answers pass the member's points one by one. Events that a point
// holds wait aside, in order, so that progress answers can overtake them: that is what makes a member look alive.
type watchStream struct {
	grpc.ServerStream
	member Member
	done   chan struct{}
	// sending is held while a message goes out. It is a channel, not a mutex: a send may wait for a frozen client, and in
	// virtual time only waits on channels let the clock go on.
	sending chan struct{}

	mu      sync.Mutex
	keys    []string // of watches asked for and not yet created, in order
	open    map[int64]*record.OpenWatch
	held    []heldEvents
	holding sync.WaitGroup
}

type heldEvents struct {
	response *pb.WatchResponse
	decision point.Decision
}

// RecvMsg hands on the next request that gets past the points.
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
			w.mu.Lock()
			w.keys = append(w.keys, string(create.GetKey()))
			w.mu.Unlock()
		}
		if request.GetProgressRequest() != nil &&
			w.member.Board.Pass(w.Context().Done(), w.member.path(point.ProgressRequest)) == point.Drop {
			continue
		}
		return nil
	}
}

// SendMsg sends an answer, drops it, or sets it aside, as the points say.
func (w *watchStream) SendMsg(m any) error {
	response, ok := m.(*pb.WatchResponse)
	if !ok {
		return w.ServerStream.SendMsg(m)
	}
	switch {
	case response.GetCreated() || response.GetCanceled():
		w.account(response)
	case len(response.GetEvents()) == 0:
		if w.member.Board.Pass(w.Context().Done(), w.member.path(point.ProgressResponse)) == point.Drop {
			return nil
		}
	default:
		decision := w.member.Board.Decide(w.member.path(point.WatchEvent))
		if decision.Kind == point.Drop {
			return nil
		}
		if w.setAside(response, decision) {
			return nil
		}
	}
	return w.send(response)
}

// send puts one message on the wire.
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

// setAside queues events that must wait, or that must not overtake others that do.
func (w *watchStream) setAside(r *pb.WatchResponse, d point.Decision) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d.Kind == point.Pass && len(w.held) == 0 {
		return false
	}
	w.held = append(w.held, heldEvents{r, d})
	if len(w.held) == 1 {
		w.holding.Go(w.release)
	}
	return true
}

// release sends what was set aside, each when its point lets it go, until nothing is left.
func (w *watchStream) release() {
	for {
		w.mu.Lock()
		next := w.held[0]
		w.mu.Unlock()
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

// account follows which watches are open.
func (w *watchStream) account(r *pb.WatchResponse) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.GetCreated() && len(w.keys) > 0 {
		// The server answers creations in the order they were asked for.
		w.open[r.GetWatchId()] = w.member.Recorder.Watch(w.member.Cluster, w.member.Name, w.keys[0])
		w.keys = w.keys[1:]
	}
	if r.GetCanceled() {
		if watch, ok := w.open[r.GetWatchId()]; ok {
			watch.Close()
			delete(w.open, r.GetWatchId())
		}
	}
}

// mark notes an answer on the watches it is for: progress that was asked for is for all of the stream (etcd's watch id -1).
// What a link holds back has not been sent as far as the client is concerned.
func (w *watchStream) mark(r *pb.WatchResponse) {
	if w.member.Board.Stops(w.member.path(point.ClientWrite)) {
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

// end closes the account when the stream is over and waits for what was set aside to be let go.
func (w *watchStream) end() {
	close(w.done)
	w.holding.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, watch := range w.open {
		watch.Close()
	}
}
