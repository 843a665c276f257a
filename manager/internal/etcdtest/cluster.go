package etcdtest

import (
	"context"
	"fmt"
	"math/rand/v2"
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
)

// Patience is how long a test waits for something that must happen. It is not a measurement: it is long, for slow machines.
const Patience = 20 * time.Second

// Cluster is a real etcd cluster and the network through which the manager under test reaches it.
type Cluster struct {
	Name    string
	Members []*Member
	Admin   *clientv3.Client
	Network *Network
}

// Member records what it is asked and can withhold events.
type Member struct {
	Etcd *embed.Etcd
	Host string
	Stop func()

	// Withhold keeps events back, KeepAlives counts keepalives of leases.
	Withhold   atomic.Bool
	KeepAlives atomic.Int64
	mu         sync.Mutex
	creates    []*pb.WatchCreateRequest
	reads      []*pb.RangeRequest
}

// StartCluster starts a cluster of so many members on loopback, which is stopped when the test ends.
func StartCluster(t testing.TB, name string, size int) *Cluster {
	t.Helper()
	return StartClusterOn(t, name, FreeHosts(t, size))
}

// StartClusterOn does the same on hosts that are given.
func StartClusterOn(t testing.TB, name string, hosts []string) *Cluster {
	t.Helper()
	c := &Cluster{Name: name, Network: NewNetwork()}
	peers := FreeHosts(t, len(hosts))
	initial := ""
	for i := range hosts {
		initial += fmt.Sprintf("%s%s-%d=http://%s", map[bool]string{true: ","}[i > 0], name, i, peers[i])
	}
	var starting sync.WaitGroup
	for i, host := range hosts {
		m := &Member{Host: host}
		c.Members = append(c.Members, m)
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
			m.Etcd, m.Stop = etcd, sync.OnceFunc(etcd.Close)
		})
	}
	starting.Wait()
	t.Cleanup(func() {
		for _, m := range c.Members {
			if m.Stop != nil {
				m.Stop()
			}
		}
	})
	require.False(t, t.Failed())
	admin, err := clientv3.New(clientv3.Config{Endpoints: c.Hosts()})
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close() })
	c.Admin = admin
	return c
}

// The ports that FreeHosts tries. The kernel gives none of them to a connection: it would take a port between our look and the start of the server.
const firstPort, ports = 20000, 12000

// nextPort counts up, so that tests at the same time in this process never try the same port. It begins anywhere, since other processes count too.
var nextPort = func() *atomic.Int64 {
	var n atomic.Int64
	n.Store(rand.Int64N(ports))
	return &n
}()

// FreeHosts are addresses on loopback that nobody listens to.
func FreeHosts(t testing.TB, n int) []string {
	t.Helper()
	var hosts []string
	for range ports {
		host := fmt.Sprintf("127.0.0.1:%d", firstPort+nextPort.Add(1)%ports)
		l, err := net.Listen("tcp", host)
		if err != nil {
			continue // somebody listens
		}
		require.NoError(t, l.Close())
		if hosts = append(hosts, host); len(hosts) == n {
			return hosts
		}
	}
	require.Fail(t, "no free ports on loopback")
	return nil
}

// Hosts are the client addresses of all members.
func (c *Cluster) Hosts() []string {
	var hosts []string
	for _, m := range c.Members {
		hosts = append(hosts, m.Host)
	}
	return hosts
}

// DialOptions make a client dial through the cluster's network.
func (c *Cluster) DialOptions() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithContextDialer(c.Network.Dial)}
}

// At returns the member with an endpoint, with or without a scheme.
func (c *Cluster) At(t testing.TB, endpoint string) *Member {
	t.Helper()
	for _, m := range c.Members {
		if endpoint == m.Host || endpoint == "http://"+m.Host {
			return m
		}
	}
	require.Failf(t, "unknown endpoint", "%q", endpoint)
	return nil
}

// Leader waits until there is one.
func (c *Cluster) Leader(t testing.TB) *Member {
	t.Helper()
	var leader *Member
	Eventually(t, "a leader", func() bool {
		i := slices.IndexFunc(c.Members, func(m *Member) bool {
			return m.Etcd.Server.Leader() == m.Etcd.Server.MemberID()
		})
		if i >= 0 {
			leader = c.Members[i]
		}
		return i >= 0
	})
	return leader
}

// Put returns the revision of the write.
func (c *Cluster) Put(t testing.TB, key, value string) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	resp, err := c.Admin.Put(ctx, key, value)
	require.NoError(t, err)
	return resp.Header.Revision
}

// Delete deletes a key.
func (c *Cluster) Delete(t testing.TB, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	_, err := c.Admin.Delete(ctx, key)
	require.NoError(t, err)
}

// Keys are those under a prefix.
func (c *Cluster) Keys(t testing.TB, prefix string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	resp, err := c.Admin.Get(ctx, prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly())
	require.NoError(t, err)
	keys := []string{}
	for _, kv := range resp.Kvs {
		keys = append(keys, string(kv.Key))
	}
	return keys
}

// Leases are all leases of the cluster.
func (c *Cluster) Leases(t testing.TB) []clientv3.LeaseStatus {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	resp, err := c.Admin.Leases(ctx)
	require.NoError(t, err)
	return resp.Leases
}

// HangDisk holds the lock that every save to the member's log takes, so that saves wait as with a hung disk. It returns
// a function that heals it.
func (m *Member) HangDisk() (heal func()) {
	storage := reflect.ValueOf(m.Etcd.Server).Elem().FieldByName("r").FieldByName("raftNodeConfig").FieldByName("storage")
	lock := (*sync.RWMutex)(unsafe.Pointer(storage.Elem().Elem().FieldByName("mux").UnsafeAddr()))
	lock.Lock()
	return sync.OnceFunc(lock.Unlock)
}

func (m *Member) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if r, ok := req.(*pb.RangeRequest); ok {
		m.mu.Lock()
		m.reads = append(m.reads, r)
		m.mu.Unlock()
	}
	return next(ctx, req)
}

func (m *Member) stream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	return next(srv, &watchedStream{ServerStream: ss, member: m})
}

type watchedStream struct {
	grpc.ServerStream
	member *Member
}

func (s *watchedStream) RecvMsg(msg any) error {
	err := s.ServerStream.RecvMsg(msg)
	if _, ok := msg.(*pb.LeaseKeepAliveRequest); ok && err == nil {
		s.member.KeepAlives.Add(1)
	}
	if r, ok := msg.(*pb.WatchRequest); ok && err == nil && r.GetCreateRequest() != nil {
		s.member.mu.Lock()
		s.member.creates = append(s.member.creates, r.GetCreateRequest())
		s.member.mu.Unlock()
	}
	return err
}

func (s *watchedStream) SendMsg(msg any) error {
	if r, ok := msg.(*pb.WatchResponse); ok && len(r.Events) > 0 && s.member.Withhold.Load() {
		return nil
	}
	return s.ServerStream.SendMsg(msg)
}

// Watches returns the start revisions of the watches on prefix that any member was asked for, member by member.
func (c *Cluster) Watches(prefix string) (starts []int64) {
	for _, m := range c.Members {
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

// Snapshots counts the whole reads of prefix.
func (c *Cluster) Snapshots(prefix string) (n int) {
	for _, m := range c.Members {
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
