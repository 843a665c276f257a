package wire

import (
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness/record"
)

// watchStream is a stream of watches. It counts what the client sends on it, and checks in what it receives that each watch keeps its promises.
type watchStream struct {
	grpc.ClientStream
	wire *Wire

	mu    sync.Mutex
	asked []*pb.WatchCreateRequest // without a response yet, in order
	open  map[int64]*watch         // by etcd's id
}

// SendMsg sends a request.
func (s *watchStream) SendMsg(m any) error {
	what := record.Requests
	if request, ok := m.(*pb.WatchRequest); ok {
		if create := request.GetCreateRequest(); create != nil {
			what = record.Watches
			s.mu.Lock()
			s.asked = append(s.asked, create)
			s.mu.Unlock()
		}
	}
	s.wire.sends(what)
	return s.ClientStream.SendMsg(m)
}

// RecvMsg receives the next response.
func (s *watchStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if response, ok := m.(*pb.WatchResponse); ok && err == nil {
		s.received(response)
	}
	return err
}

func (s *watchStream) received(r *pb.WatchResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.GetCreated() && len(s.asked) > 0 {
		// etcd answers create requests in order.
		s.open[r.GetWatchId()] = s.wire.newWatch(s.asked[0], r, s.wire.Recorder.Now())
		s.asked = s.asked[1:]
	}
	if r.GetCanceled() {
		delete(s.open, r.GetWatchId())
		return
	}
	for id, w := range s.open {
		if id != r.GetWatchId() && r.GetWatchId() != -1 { // -1: the answer to a progress request, for all watches of the stream
			continue
		}
		for _, problem := range w.receive(r) {
			s.wire.Recorder.Broken(record.Broken{
				Cluster: s.wire.Cluster, Member: s.wire.Named(r.GetHeader().GetMemberId()), Key: w.key, Opened: w.opened, Problem: problem,
			})
		}
	}
}

// newWatch begins to check a watch that was created.
func (w *Wire) newWatch(create *pb.WatchCreateRequest, created *pb.WatchResponse, opened time.Duration) *watch {
	start := create.GetStartRevision()
	if start == 0 {
		start = created.GetHeader().GetRevision() + 1
	}
	one := &watch{key: string(create.GetKey()), opened: opened, start: start, reached: start - 1, fragments: create.GetFragment()}
	if len(create.GetFilters()) == 0 {
		one.coverage = w.covering(one.key + "\x00" + string(create.GetRangeEnd()))
	}
	return one
}

// covering returns the coverage of a range of keys.
func (w *Wire) covering(keys string) *coverage {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ranges == nil {
		w.ranges = map[string]*coverage{}
	}
	c, ok := w.ranges[keys]
	if !ok {
		c = &coverage{}
		w.ranges[keys] = c
	}
	return c
}

// watch is what is known of one watch.
type watch struct {
	key      string
	opened   time.Duration
	start    int64
	coverage *coverage // nil for a watch that asked for some events only

	// reached is the revision up to which everything has arrived: the start, that of the last event, or of the last progress response.
	reached   int64
	last      int64 // the revision of the last event
	keys      map[string]bool
	fragments bool
}
