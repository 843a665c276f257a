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
	// listed are further members that the member list names. swallows lets connecting to them hang instead of failing.
	listed   []*pb.Member
	swallows bool

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
	// hang lets nobody have an answer, nor the confirmation of a watch.
	hang atomic.Bool
	// frozen stops every byte on every connection; nil until freeze.
	frozen atomic.Pointer[chan struct{}]
	// deaf confirms no watch.
	deaf atomic.Bool
	// refuse refuses connections, refusals counts them.
	refuse   atomic.Bool
	refusals atomic.Int64
	// unlisted keeps the member out of the member list, past is how many revisions behind its answers say they are.
	unlisted atomic.Bool
	past     atomic.Int64
	// dials counts all connections ever made, open those that are, probes and snapshots the reads of each kind, asked
	// the requests for progress.
	dials, open, probes, snapshots, asked atomic.Int64
}

// fakeConn is a connection that a frozen member says and hears nothing on.
type fakeConn struct {
	net.Conn
	member *fakeMember
	closed chan struct{}
	once   sync.Once
}

func (c *fakeConn) thaw() error {
	gate := c.member.frozen.Load()
	if gate == nil {
		return nil
	}
	select {
	case <-*gate:
		return nil
	case <-c.closed:
		return net.ErrClosed
	}
}

func (c *fakeConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if frozen := c.thaw(); frozen != nil {
		return 0, frozen
	}
	return n, err
}

func (c *fakeConn) Write(b []byte) (int, error) {
	if err := c.thaw(); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *fakeConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.member.open.Add(-1)
	})
	return c.Conn.Close()
}

// freeze stops the member's connections, which stay open.
func (m *fakeMember) freeze() {
	gate := make(chan struct{})
	m.frozen.Store(&gate)
}

// dial is how the manager gets to a member.
func (c *fakeCluster) dial(ctx context.Context, name string) (net.Conn, error) {
	for _, m := range c.members {
		if m.name != name {
			continue
		}
		if m.refuse.Load() {
			m.refusals.Add(1)
			return nil, fmt.Errorf("%s refuses", name)
		}
		conn, err := m.lis.DialContext(ctx)
		if err != nil {
			return nil, err
		}
		m.dials.Add(1)
		m.open.Add(1)
		return &fakeConn{Conn: conn, member: m, closed: make(chan struct{})}, nil
	}
	if c.swallows {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, fmt.Errorf("no member %q", name)
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
	target.DialOptions = []grpc.DialOption{grpc.WithContextDialer(c.dial)}
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
	return &pb.ResponseHeader{ClusterId: 1, MemberId: m.id, Revision: m.cluster.revision.Load() - m.past.Load()}
}

func (m *fakeMember) MemberList(ctx context.Context, _ *pb.MemberListRequest) (*pb.MemberListResponse, error) {
	if err := m.hangs(ctx); err != nil {
		return nil, err
	}
	resp := &pb.MemberListResponse{Header: m.header(), Members: slices.Clone(m.cluster.listed)}
	for _, other := range m.cluster.members {
		if !other.unlisted.Load() {
			resp.Members = append(resp.Members,
				&pb.Member{ID: other.id, Name: other.name, ClientURLs: []string{"http://" + other.name}})
		}
	}
	return resp, nil
}

// hangs blocks as long as the member hangs and ctx lasts.
func (m *fakeMember) hangs(ctx context.Context) error {
	if m.hang.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func (m *fakeMember) Range(ctx context.Context, r *pb.RangeRequest) (*pb.RangeResponse, error) {
	if r.KeysOnly {
		m.probes.Add(1)
	} else {
		m.snapshots.Add(1)
	}
	if err := m.hangs(ctx); err != nil {
		return nil, err
	}
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
	if m.deaf.Load() {
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
			m.asked.Add(1)
			// As etcd has it, a watch that begins past the store's revision is given no progress until something is written.
			if m.mute.Load() || m.cluster.revision.Load() < create.StartRevision {
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
