package etcdtest

import (
	"context"
	"fmt"
	"maps"
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
)

// Fake implements the part of etcd that a manager needs, in memory, for tests in virtual time. Its members share the keys;
// each has its own faults.
type Fake struct {
	Members []*FakeMember
	// ClusterID is etcd's. 1 unless a test changes it.
	ClusterID uint64
	// Listed are further members in the member list. DialsHang makes connecting to them hang instead of fail.
	Listed    []*pb.Member
	DialsHang bool
	// CompactsOnRead writes and compacts the history after each read of a snapshot, so that no watch can follow it.
	CompactsOnRead atomic.Bool
	// Forbidden is a prefix that nobody may probe any more. Watches of it go on, as in etcd. Nil: none.
	Forbidden atomic.Pointer[string]

	revision  atomic.Int64
	compacted atomic.Int64
	mu        sync.Mutex
	keys      map[string]*mvccpb.KeyValue
	history   []*mvccpb.Event
	changed   chan struct{}
	leases    map[int64]bool
	conns     map[*fakeConn]bool // that are open
}

// FakeMember is a member of a Fake, with switches for its faults.
type FakeMember struct {
	pb.UnimplementedKVServer
	pb.UnimplementedWatchServer
	pb.UnimplementedClusterServer
	pb.UnimplementedLeaseServer
	cluster  *Fake
	ID       uint64
	Name     string
	Listener *bufconn.Listener

	// DropProgress drops progress responses, Withhold withholds events, and Lag delays them.
	DropProgress, Withhold atomic.Bool
	Lag                    time.Duration
	Creates                atomic.Int64
	// Hang keeps every response back, also the confirmation of a watch.
	Hang atomic.Bool
	// frozen stops every byte on every connection; nil until Freeze.
	frozen atomic.Pointer[chan struct{}]
	// ConfirmNoWatch keeps back the confirmation of every watch.
	ConfirmNoWatch atomic.Bool
	// Refuse refuses connections, Refusals counts them.
	Refuse   atomic.Bool
	Refusals atomic.Int64
	// Unlisted keeps the member out of the member list. Past is how many revisions too low the revisions in its responses
	// are.
	Unlisted atomic.Bool
	Past     atomic.Int64
	// Dials counts all connections ever made, Open those that are open, Probes and Snapshots the reads of each kind, and
	// Asked the progress requests.
	Dials, Open, Probes, Snapshots, Asked atomic.Int64
}

// Freeze stops the member's connections, which stay open.
func (m *FakeMember) Freeze() {
	gate := make(chan struct{})
	m.frozen.Store(&gate)
}

// Dial connects to a member by name, as a dialer of gRPC's does.
func (c *Fake) Dial(ctx context.Context, name string) (net.Conn, error) {
	for _, m := range c.Members {
		if m.Name != name {
			continue
		}
		if m.Refuse.Load() {
			m.Refusals.Add(1)
			return nil, fmt.Errorf("%s refuses", name)
		}
		conn, err := m.Listener.DialContext(ctx)
		if err != nil {
			return nil, err
		}
		m.Dials.Add(1)
		m.Open.Add(1)
		fake := &fakeConn{Conn: conn, member: m, closed: make(chan struct{})}
		c.mu.Lock()
		c.conns[fake] = true
		c.mu.Unlock()
		return fake, nil
	}
	if c.DialsHang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, fmt.Errorf("no member %q", name)
}

// StartFake starts a fake of so many members, m0, m1 and so on, which is stopped when the test ends.
func StartFake(t testing.TB, size int) *Fake {
	t.Helper()
	c, stop := NewFake(size)
	t.Cleanup(stop)
	return c
}

// NewFake does the same where there is no test. Stop returns when nothing of the fake is left.
func NewFake(size int) (c *Fake, stop func()) {
	c = &Fake{ClusterID: 1, keys: make(map[string]*mvccpb.KeyValue), changed: make(chan struct{}), leases: make(map[int64]bool), conns: make(map[*fakeConn]bool)}
	c.revision.Store(1)
	var servers []*grpc.Server
	var serving sync.WaitGroup
	for i := range size {
		m := &FakeMember{cluster: c, ID: uint64(i + 1), Name: fmt.Sprintf("m%d", i), Listener: bufconn.Listen(1 << 16)}
		c.Members = append(c.Members, m)
		// As in etcd, the connection of a client that pings more often, or without a stream, is closed with too_many_pings.
		server := grpc.NewServer(grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second}))
		pb.RegisterKVServer(server, m)
		pb.RegisterWatchServer(server, m)
		pb.RegisterClusterServer(server, m)
		pb.RegisterLeaseServer(server, m)
		servers = append(servers, server)
		serving.Go(func() { _ = server.Serve(m.Listener) })
	}
	return c, func() {
		for _, server := range servers {
			server.Stop()
		}
		serving.Wait()
	}
}

// Endpoints are those of all members.
func (c *Fake) Endpoints() (endpoints []string) {
	for _, m := range c.Members {
		endpoints = append(endpoints, "http://"+m.Name)
	}
	return endpoints
}

// DialOptions make a client dial the fake.
func (c *Fake) DialOptions() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithContextDialer(c.Dial)}
}

// Creates counts the watches that each member was asked for.
func (c *Fake) Creates() (list []int64) {
	for _, m := range c.Members {
		list = append(list, m.Creates.Load())
	}
	return list
}

// Probes counts the freshness probes that any member answered.
func (c *Fake) Probes() (n int64) {
	for _, m := range c.Members {
		n += m.Probes.Load()
	}
	return n
}

// Put writes a key, Delete deletes one. They do not block.
func (c *Fake) Put(key, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(&mvccpb.KeyValue{Key: []byte(key), Value: []byte(value)})
}

func (c *Fake) Delete(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(key)
}

// Compact compacts the history up to now. As etcd does with slow watches, it cancels all watches that began before.
func (c *Fake) Compact() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.compacted.Store(c.revision.Load())
	close(c.changed)
	c.changed = make(chan struct{})
}

// Cut cuts all connections.
func (c *Fake) Cut() {
	c.mu.Lock()
	open := slices.Collect(maps.Keys(c.conns))
	c.mu.Unlock()
	for _, conn := range open {
		_ = conn.Close()
	}
}

// Stop cuts all connections and refuses new ones until resume is called.
func (c *Fake) Stop() (resume func()) {
	for _, m := range c.Members {
		m.Refuse.Store(true)
	}
	c.Cut()
	return func() {
		for _, m := range c.Members {
			m.Refuse.Store(false)
		}
	}
}

// Backup saves what the cluster has. restore brings it back: the keys, and the revision. It leaves watches open, which then are silent until the
// cluster has reached their revision again.
func (c *Fake) Backup() (restore func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys, history, revision := maps.Clone(c.keys), slices.Clone(c.history), c.revision.Load()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.keys, c.history = maps.Clone(keys), slices.Clone(history)
		c.revision.Store(revision)
	}
}

// set writes a key at the next revision. The caller holds the lock.
func (c *Fake) set(kv *mvccpb.KeyValue) {
	kv.ModRevision = c.revision.Add(1)
	kv.CreateRevision = kv.ModRevision
	if old, ok := c.keys[string(kv.Key)]; ok {
		kv.CreateRevision = old.CreateRevision
	}
	c.keys[string(kv.Key)] = kv
	c.note(&mvccpb.Event{Type: mvccpb.Event_PUT, Kv: kv})
}

// remove deletes a key, if it exists, at the next revision. The caller holds the lock.
func (c *Fake) remove(key string) {
	if c.keys[key] == nil {
		return
	}
	delete(c.keys, key)
	c.note(&mvccpb.Event{Type: mvccpb.Event_DELETE, Kv: &mvccpb.KeyValue{Key: []byte(key), ModRevision: c.revision.Add(1)}})
}

func (c *Fake) note(event *mvccpb.Event) {
	c.history = append(c.history, event)
	close(c.changed)
	c.changed = make(chan struct{})
}

func (m *FakeMember) header() *pb.ResponseHeader {
	return &pb.ResponseHeader{ClusterId: m.cluster.ClusterID, MemberId: m.ID, Revision: m.cluster.revision.Load() - m.Past.Load()}
}

func (m *FakeMember) MemberList(ctx context.Context, _ *pb.MemberListRequest) (*pb.MemberListResponse, error) {
	if err := m.hangs(ctx); err != nil {
		return nil, err
	}
	resp := &pb.MemberListResponse{Header: m.header(), Members: slices.Clone(m.cluster.Listed)}
	for _, other := range m.cluster.Members {
		if !other.Unlisted.Load() {
			resp.Members = append(resp.Members,
				&pb.Member{ID: other.ID, Name: other.Name, ClientURLs: []string{"http://" + other.Name}})
		}
	}
	return resp, nil
}

// hangs blocks as long as the member hangs and ctx lasts.
func (m *FakeMember) hangs(ctx context.Context) error {
	if m.Hang.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func (m *FakeMember) Range(ctx context.Context, r *pb.RangeRequest) (*pb.RangeResponse, error) {
	m.Snapshots.Add(1)
	if m.cluster.CompactsOnRead.Load() {
		defer func() {
			m.cluster.Put("/elsewhere", "x")
			m.cluster.Compact()
		}()
	}
	if err := m.hangs(ctx); err != nil {
		return nil, err
	}
	m.cluster.mu.Lock()
	defer m.cluster.mu.Unlock()
	return m.read(r), nil
}

// read reads what the cluster holds. The caller holds the cluster's lock.
func (m *FakeMember) read(r *pb.RangeRequest) *pb.RangeResponse {
	resp := &pb.RangeResponse{Header: m.header()}
	for key, kv := range m.cluster.keys {
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
	return resp
}

func within(prefix []byte, key string) bool { return strings.HasPrefix(key, string(prefix)) }
