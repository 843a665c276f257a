package etcdtest

import (
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// Watch serves one watch per stream, which is all that the manager asks for.
func (m *FakeMember) Watch(stream pb.Watch_WatchServer) error {
	requests := make(chan *pb.WatchRequest)
	go func() {
		defer close(requests)
		for {
			request, err := stream.Recv()
			if err != nil {
				return
			}
			select {
			case requests <- request:
			case <-stream.Context().Done():
				return
			}
		}
	}()
	first, ok := <-requests
	if !ok {
		return nil
	}
	m.Creates.Add(1)
	if m.ConfirmNoWatch.Load() {
		<-stream.Context().Done()
		return nil
	}
	if err := m.hangs(stream.Context()); err != nil {
		return err
	}
	create := first.GetCreateRequest()
	next := create.StartRevision
	if next == 0 {
		next = m.cluster.revision.Load() + 1
	}
	if err := stream.Send(&pb.WatchResponse{Header: m.header(), Created: true}); err != nil {
		return err
	}
	for {
		if at := m.cluster.compacted.Load(); create.StartRevision < at {
			return stream.Send(&pb.WatchResponse{Header: m.header(), Canceled: true, CompactRevision: at})
		}
		events, changed := m.events(create.Key, &next)
		if len(events) > 0 {
			if m.Lag > 0 {
				select {
				case <-time.After(m.Lag):
				case <-stream.Context().Done():
					return nil
				}
			}
			if err := stream.Send(&pb.WatchResponse{Header: m.header(), Events: events}); err != nil {
				return err
			}
			continue
		}
		select {
		case <-changed:
		case _, ok := <-requests:
			if !ok {
				return nil
			}
			m.Asked.Add(1)
			// As in etcd, a watch that begins past the store's revision gets no progress response until something is written.
			if m.DropProgress.Load() || m.cluster.revision.Load() < create.StartRevision {
				continue
			}
			if err := stream.Send(&pb.WatchResponse{Header: m.header(), WatchId: -1}); err != nil {
				return err
			}
		}
	}
}

func (m *FakeMember) events(prefix []byte, next *int64) ([]*mvccpb.Event, <-chan struct{}) {
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	var events []*mvccpb.Event
	for i := max(*next-2, 0); i < int64(len(c.history)); i++ {
		if within(prefix, string(c.history[i].Kv.Key)) {
			events = append(events, c.history[i])
		}
	}
	*next = c.revision.Load() + 1
	if m.Withhold.Load() {
		events = nil
	}
	return events, c.changed
}
