package manager_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"github.com/stormwatch/stormwatch/manager"
)

// fakeCluster is as much of etcd as a manager without a registration needs, in memory, for tests in virtual time.
// What it keeps is one truth; what it tells depends on the member.
type fakeCluster struct {
	members []*fakeMember

	revision atomic.Int64
	mu       sync.Mutex
	keys     map[string]*mvccpb.KeyValue
	history  []*mvccpb.Event
	changed  chan struct{}
}

type fakeMember struct {
	pb.UnimplementedKVServer
	pb.UnimplementedWatchServer
	pb.UnimplementedClusterServer
	cluster *fakeCluster
	id      uint64
	name    string
	lis     *bufconn.Listener

	// mute drops progress answers, withhold events; lag delays events.
	mute, withhold atomic.Bool
	lag            time.Duration
	creates        atomic.Int64
}

func startFake(t *testing.T, size int) *fakeCluster {
	c := &fakeCluster{keys: make(map[string]*mvccpb.KeyValue), changed: make(chan struct{})}
	c.revision.Store(1)
	for i := range size {
		m := &fakeMember{cluster: c, id: uint64(i + 1), name: fmt.Sprintf("m%d", i), lis: bufconn.Listen(1 << 16)}
		c.members = append(c.members, m)
		server := grpc.NewServer(grpc.KeepaliveEnforcementPolicy(
			keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}))
		pb.RegisterKVServer(server, m)
		pb.RegisterWatchServer(server, m)
		pb.RegisterClusterServer(server, m)
		var serving sync.WaitGroup
		serving.Go(func() { _ = server.Serve(m.lis) })
		t.Cleanup(func() {
			server.Stop()
			serving.Wait()
		})
	}
	return c
}

func (c *fakeCluster) target() manager.Target {
	target := manager.Target{Cluster: "alpha"}
	for _, m := range c.members {
		target.Endpoints = append(target.Endpoints, "http://"+m.name)
	}
	target.DialOptions = []grpc.DialOption{grpc.WithContextDialer(func(ctx context.Context, name string) (net.Conn, error) {
		for _, m := range c.members {
			if m.name == name {
				return m.lis.DialContext(ctx)
			}
		}
		return nil, fmt.Errorf("no member %q", name)
	})}
	return target
}

func (c *fakeCluster) put(key, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	revision := c.revision.Add(1)
	kv := &mvccpb.KeyValue{Key: []byte(key), Value: []byte(value), CreateRevision: revision, ModRevision: revision}
	if old, ok := c.keys[key]; ok {
		kv.CreateRevision = old.CreateRevision
	}
	c.keys[key] = kv
	c.note(&mvccpb.Event{Type: mvccpb.Event_PUT, Kv: kv})
}

func (c *fakeCluster) delete(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys[key] == nil {
		return
	}
	delete(c.keys, key)
	c.note(&mvccpb.Event{Type: mvccpb.Event_DELETE, Kv: &mvccpb.KeyValue{Key: []byte(key), ModRevision: c.revision.Add(1)}})
}

func (c *fakeCluster) note(event *mvccpb.Event) {
	c.history = append(c.history, event)
	close(c.changed)
	c.changed = make(chan struct{})
}

func (m *fakeMember) header() *pb.ResponseHeader {
	return &pb.ResponseHeader{ClusterId: 1, MemberId: m.id, Revision: m.cluster.revision.Load()}
}

func (m *fakeMember) MemberList(context.Context, *pb.MemberListRequest) (*pb.MemberListResponse, error) {
	resp := &pb.MemberListResponse{Header: m.header()}
	for _, other := range m.cluster.members {
		resp.Members = append(resp.Members,
			&pb.Member{ID: other.id, Name: other.name, ClientURLs: []string{"http://" + other.name}})
	}
	return resp, nil
}

func (m *fakeMember) Range(_ context.Context, r *pb.RangeRequest) (*pb.RangeResponse, error) {
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	resp := &pb.RangeResponse{Header: m.header()}
	for key, kv := range c.keys {
		if !within(r.Key, key) {
			continue
		}
		resp.Count++
		if kv.ModRevision >= r.MinModRevision {
			resp.Kvs = append(resp.Kvs, proto.Clone(kv).(*mvccpb.KeyValue))
		}
	}
	slices.SortFunc(resp.Kvs, func(a, b *mvccpb.KeyValue) int { return int(b.ModRevision - a.ModRevision) })
	if r.Limit > 0 && int64(len(resp.Kvs)) > r.Limit {
		resp.Kvs = resp.Kvs[:r.Limit]
	}
	return resp, nil
}

func within(prefix []byte, key string) bool { return strings.HasPrefix(key, string(prefix)) }

// Watch serves one watch per stream, which is all that the manager asks for.
func (m *fakeMember) Watch(stream pb.Watch_WatchServer) error {
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
	m.creates.Add(1)
	create := first.GetCreateRequest()
	next := create.StartRevision
	if err := stream.Send(&pb.WatchResponse{Header: m.header(), Created: true}); err != nil {
		return err
	}
	for {
		events, changed := m.events(create.Key, &next)
		if len(events) > 0 {
			if m.lag > 0 {
				select {
				case <-time.After(m.lag):
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
			if m.mute.Load() {
				continue
			}
			if err := stream.Send(&pb.WatchResponse{Header: m.header(), WatchId: -1}); err != nil {
				return err
			}
		}
	}
}

func (m *fakeMember) events(prefix []byte, next *int64) ([]*mvccpb.Event, <-chan struct{}) {
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
	if m.withhold.Load() {
		events = nil
	}
	return events, c.changed
}
