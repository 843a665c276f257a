package manager_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/manager"
)

// patience is how long a test waits for what must happen. It measures nothing: it is generous for slow machines.
const patience = 20 * time.Second

// cluster is a real etcd cluster, and the only way into it for the manager under test.
type cluster struct {
	name    string
	members []*etcdMember
	admin   *clientv3.Client
	network *network
}

// etcdMember records what it is asked and can withhold events.
type etcdMember struct {
	etcd *embed.Etcd
	host string
	stop func()

	withhold   atomic.Bool
	keepAlives atomic.Int64
	mu         sync.Mutex
	creates    []*pb.WatchCreateRequest
	reads      []*pb.RangeRequest
}

func startCluster(t *testing.T, name string, size int) *cluster {
	t.Helper()
	return startClusterOn(t, name, freeHosts(t, size))
}

func startClusterOn(t *testing.T, name string, hosts []string) *cluster {
	t.Helper()
	c := &cluster{name: name, network: newNetwork()}
	peers := freeHosts(t, len(hosts))
	initial := ""
	for i := range hosts {
		initial += fmt.Sprintf("%s%s-%d=http://%s", map[bool]string{true: ","}[i > 0], name, i, peers[i])
	}
	var starting sync.WaitGroup
	for i, host := range hosts {
		m := &etcdMember{host: host}
		c.members = append(c.members, m)
		cfg := embed.NewConfig()
		cfg.Name = fmt.Sprintf("%s-%d", name, i)
		cfg.Dir = t.TempDir()
		cfg.LogLevel = "fatal"
		cfg.UnsafeNoFsync = true
		cfg.TickMs, cfg.ElectionMs = 50, 500
		cfg.ListenPeerUrls = []url.URL{{Scheme: "http", Host: peers[i]}}
		cfg.AdvertisePeerUrls = cfg.ListenPeerUrls
		cfg.ListenClientUrls = []url.URL{{Scheme: "http", Host: host}}
		cfg.AdvertiseClientUrls = cfg.ListenClientUrls
		cfg.InitialCluster = initial
		cfg.GRPCAdditionalServerOptions = []grpc.ServerOption{
			grpc.ChainUnaryInterceptor(m.unary), grpc.ChainStreamInterceptor(m.stream),
		}
		starting.Go(func() {
			etcd, err := embed.StartEtcd(cfg)
			if err != nil {
				t.Errorf("start %s: %v", cfg.Name, err)
				return
			}
			<-etcd.Server.ReadyNotify()
			m.etcd, m.stop = etcd, sync.OnceFunc(etcd.Close)
		})
	}
	starting.Wait()
	t.Cleanup(func() {
		for _, m := range c.members {
			if m.stop != nil {
				m.stop()
			}
		}
	})
	require.False(t, t.Failed())
	admin, err := clientv3.New(clientv3.Config{Endpoints: c.hosts()})
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close() })
	c.admin = admin
	return c
}

func freeHosts(t *testing.T, n int) []string {
	t.Helper()
	var hosts []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		hosts = append(hosts, l.Addr().String())
	}
	return hosts
}

func (c *cluster) hosts() []string {
	var hosts []string
	for _, m := range c.members {
		hosts = append(hosts, m.host)
	}
	return hosts
}

func (c *cluster) target() manager.Target {
	return manager.Target{
		Cluster: c.name, Endpoints: c.hosts(),
		DialOptions: []grpc.DialOption{grpc.WithContextDialer(c.network.dial)},
	}
}

// at returns the member behind an endpoint in any spelling.
func (c *cluster) at(t *testing.T, endpoint string) *etcdMember {
	t.Helper()
	for _, m := range c.members {
		if endpoint == m.host || endpoint == "http://"+m.host {
			return m
		}
	}
	require.Failf(t, "unknown endpoint", "%q", endpoint)
	return nil
}

func (c *cluster) leader(t *testing.T) *etcdMember {
	t.Helper()
	var leader *etcdMember
	eventually(t, "a leader", func() bool {
		i := slices.IndexFunc(c.members, func(m *etcdMember) bool {
			return m.etcd.Server.Leader() == m.etcd.Server.MemberID()
		})
		if i >= 0 {
			leader = c.members[i]
		}
		return i >= 0
	})
	return leader
}

func (c *cluster) put(t *testing.T, key, value string) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	resp, err := c.admin.Put(ctx, key, value)
	require.NoError(t, err)
	return resp.Header.Revision
}

func (c *cluster) delete(t *testing.T, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := c.admin.Delete(ctx, key)
	require.NoError(t, err)
}

func (c *cluster) keys(t *testing.T, prefix string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	resp, err := c.admin.Get(ctx, prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly())
	require.NoError(t, err)
	keys := []string{}
	for _, kv := range resp.Kvs {
		keys = append(keys, string(kv.Key))
	}
	return keys
}

func (c *cluster) leases(t *testing.T) []clientv3.LeaseStatus {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	resp, err := c.admin.Leases(ctx)
	require.NoError(t, err)
	return resp.Leases
}

// hangDisk holds the lock that every save to the member's log takes, which is what a dead disk does to it, and
// returns how to heal it.
func (m *etcdMember) hangDisk() (heal func()) {
	storage := reflect.ValueOf(m.etcd.Server).Elem().FieldByName("r").FieldByName("raftNodeConfig").FieldByName("storage")
	lock := (*sync.RWMutex)(unsafe.Pointer(storage.Elem().Elem().FieldByName("mux").UnsafeAddr()))
	lock.Lock()
	return sync.OnceFunc(lock.Unlock)
}

func (m *etcdMember) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if r, ok := req.(*pb.RangeRequest); ok {
		m.mu.Lock()
		m.reads = append(m.reads, r)
		m.mu.Unlock()
	}
	return next(ctx, req)
}

func (m *etcdMember) stream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	return next(srv, &watchedStream{ServerStream: ss, member: m})
}

type watchedStream struct {
	grpc.ServerStream
	member *etcdMember
}

func (s *watchedStream) RecvMsg(msg any) error {
	err := s.ServerStream.RecvMsg(msg)
	if _, ok := msg.(*pb.LeaseKeepAliveRequest); ok && err == nil {
		s.member.keepAlives.Add(1)
	}
	if r, ok := msg.(*pb.WatchRequest); ok && err == nil && r.GetCreateRequest() != nil {
		s.member.mu.Lock()
		s.member.creates = append(s.member.creates, r.GetCreateRequest())
		s.member.mu.Unlock()
	}
	return err
}

func (s *watchedStream) SendMsg(msg any) error {
	if r, ok := msg.(*pb.WatchResponse); ok && len(r.Events) > 0 && s.member.withhold.Load() {
		return nil
	}
	return s.ServerStream.SendMsg(msg)
}

// watches returns the start revisions of the watches on prefix that any member was asked for, member by member.
func (c *cluster) watches(prefix string) (starts []int64) {
	for _, m := range c.members {
		m.mu.Lock()
		for _, r := range m.creates {
			if string(r.Key) == prefix {
				starts = append(starts, r.StartRevision)
			}
		}
		m.mu.Unlock()
	}
	return starts
}

// snapshots counts the whole reads of prefix.
func (c *cluster) snapshots(prefix string) (n int) {
	for _, m := range c.members {
		m.mu.Lock()
		for _, r := range m.reads {
			if string(r.Key) == prefix && !r.KeysOnly {
				n++
			}
		}
		m.mu.Unlock()
	}
	return n
}

// network is the manager's connections to a cluster: counted, and cut at will.
type network struct {
	mu    sync.Mutex
	down  bool
	conns map[net.Conn]bool
}

func newNetwork() *network { return &network{conns: make(map[net.Conn]bool)} }

func (n *network) dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		_ = conn.Close()
		return nil, fmt.Errorf("network is down")
	}
	counted := &countedConn{Conn: conn, network: n}
	n.conns[counted] = true
	return counted, nil
}

func (n *network) cut() {
	n.mu.Lock()
	n.down = true
	open := n.conns
	n.conns = make(map[net.Conn]bool)
	n.mu.Unlock()
	for conn := range open {
		_ = conn.Close()
	}
}

func (n *network) restore() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = false
}

func (n *network) open() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.conns)
}

type countedConn struct {
	net.Conn
	network *network
}

func (c *countedConn) Close() error {
	c.network.mu.Lock()
	delete(c.network.conns, c)
	c.network.mu.Unlock()
	return c.Conn.Close()
}
