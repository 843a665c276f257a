package embedded

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"

	"github.com/stormwatch/stormwatch/harness/link"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/rpc"
)

// member is one embed.Etcd, running or not, and the proxies in front of it, which outlive it.
type member struct {
	cluster       *cluster
	rpc           rpc.Member
	name          string
	id            types.ID
	clients       *proxy
	clientLink    *link.Link
	peers         *proxy
	peerLinks     callerLinks
	anonymousLink *link.Link // for callers that do not say who they are

	// serving is the server once it is ready, for everybody to see at any time.
	serving atomic.Pointer[etcdserver.EtcdServer]

	mu    sync.Mutex // held while the member starts or stops
	etcd  *embed.Etcd
	disk  *disk
	apply *applier
	lent  *lentTransport
}

func newMember(c *cluster, name string) (*member, error) {
	m := &member{
		cluster:    c,
		rpc:        rpc.Member{Board: c.env.Board, Recorder: c.env.Recorder, Cluster: c.name, Name: name},
		name:       name,
		clientLink: link.ToClients(c.env.Board, c.name, name),
		// The prober of rafthttp measures round trips on connections of its own and does not say for whom. Nothing depends on it.
		anonymousLink: link.Plain(c.env.Board),
	}
	var err error
	if m.clients, err = listen(single(m.clientLink)); err != nil {
		return nil, fmt.Errorf("member %s/%s: %w", c.name, name, err)
	}
	if m.peers, err = listen(m.callers()); err != nil {
		m.clients.close()
		return nil, fmt.Errorf("member %s/%s: %w", c.name, name, err)
	}
	return m, nil
}

// as is the member as etcd's membership knows it, with the id that follows from its peer URL; an id of a member that is added later
// follows from the time too.
func (m *member) as(added *time.Time) *membership.Member {
	return membership.NewMember(m.name, types.MustNewURLs([]string{m.peers.url()}), m.cluster.name, added)
}

// start starts the member and blocks until it serves. state says whether its cluster is new or exists, as embed spells it.
func (m *member) start(ctx context.Context, state string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.etcd != nil {
		return fmt.Errorf("member %s runs already", m.name)
	}
	m.eachLink(func(l *link.Link) { l.Up() })
	etcd, err := embed.StartEtcd(m.config(state))
	if err != nil {
		return fmt.Errorf("member %s: %w", m.name, err)
	}
	m.clients.to(etcd.Clients[0].Addr().String())
	m.peers.to(etcd.Peers[0].Addr().String())
	m.etcd = etcd
	m.disk, err = hold(m.cluster.env.Board, point.Of(m.cluster.name, m.name, point.WALSave), etcd.Server)
	if err != nil {
		return errors.Join(err, m.stop())
	}
	m.apply = holdApply(m.cluster.env.Board, point.Of(m.cluster.name, m.name, point.Apply), etcd.Server)
	m.lent, err = nameCaller(etcd.Server)
	if err != nil {
		return errors.Join(err, m.stop())
	}
	select {
	case <-etcd.Server.ReadyNotify():
		m.serving.Store(etcd.Server)
		return nil
	case err := <-etcd.Err():
		return errors.Join(fmt.Errorf("member %s: %w", m.name, err), m.stop())
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("member %s does not serve yet: %w", m.name, ctx.Err()), m.stop())
	}
}

func (m *member) config(state string) *embed.Config {
	timing := m.cluster.env.Timing
	c := embed.NewConfig()
	c.Name = m.name
	c.Dir = filepath.Join(m.cluster.env.Dir, m.name)
	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(m.cluster.env.Log.Named(m.name))
	c.TickMs = uint(timing.Heartbeat / time.Millisecond)
	c.ElectionMs = uint(timing.Election / time.Millisecond)
	c.InitialClusterToken = m.rpc.Cluster
	c.InitialCluster = m.cluster.initial()
	c.ClusterState = state
	// The kernel chooses the ports that only the proxies know, so that two starts at a time cannot collide.
	c.ListenClientUrls = []url.URL{{Scheme: "http", Host: anyPort}}
	c.ListenPeerUrls = []url.URL{{Scheme: "http", Host: anyPort}}
	c.AdvertiseClientUrls = []url.URL{{Scheme: "http", Host: m.clients.address()}}
	c.AdvertisePeerUrls = []url.URL{{Scheme: "http", Host: m.peers.address()}}
	c.GRPCAdditionalServerOptions = m.rpc.ServerOptions()
	// A slow disk is a fault that we inject; the machine's own would only add noise.
	c.UnsafeNoFsync = true
	c.EnableGRPCGateway = false
	return c
}

// Server is the running etcd server, nil while the member is down.
func (m *member) Server() *etcdserver.EtcdServer { return m.serving.Load() }

// kill stops the member without handing leadership over. It blocks until nothing of it runs; a member that is down stays so.
func (m *member) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.stop() // says nothing
}

// stop is kill for those who hold m.mu.
func (m *member) stop() error {
	if m.etcd == nil {
		return nil
	}
	etcd := m.etcd
	m.etcd = nil
	m.serving.Store(nil)
	// First its connections, or Close would wait for the streams on them to end; and the disk, or the raft loop would
	// never come round to stopping.
	m.eachLink(func(l *link.Link) { l.Down() })
	if m.disk != nil {
		m.disk.release()
		m.disk = nil
	}
	if m.apply != nil {
		m.apply.release()
		m.apply = nil
	}
	etcd.Server.HardStop()
	etcd.Close()
	if m.lent != nil {
		m.lent.close()
		m.lent = nil
	}
	return nil
}

// eachLink calls f with every link that starts or ends at the member.
func (m *member) eachLink(f func(*link.Link)) {
	f(m.clientLink)
	f(m.anonymousLink)
	m.peerLinks.each(f)
	for _, other := range m.cluster.all() {
		if l, ok := other.peerLinks.from(m.id); ok {
			f(l)
		}
	}
}

func (m *member) close() {
	m.kill()
	m.clients.close()
	m.peers.close()
}
