package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/embed"
	serverstorage "go.etcd.io/etcd/server/v3/storage"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/inprocess"
	"github.com/stormwatch/stormwatch/harness/link"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/rpc"
)

// member is one embed.Etcd, running or not, and the proxies in front of it, which stay open while it is down.
type member struct {
	cluster       *cluster
	rpc           rpc.Member
	name          string
	clients       *proxy
	clientLink    *link.Link
	peers         *proxy
	peerLinks     callerLinks
	anonymousLink *link.Link // for callers that do not name themselves

	// number is the member's id, see id. It changes when the member is wiped.
	number atomic.Uint64
	// misadvertises says that the member publishes a client URL at which nobody listens, from its next start on.
	misadvertises atomic.Bool

	// serving is the server while it is ready, else nil. It may be read at any time, by any goroutine.
	serving atomic.Pointer[inprocess.Server]
	// holds are the disk and the applier of the running server, nil while the member is down.
	holds atomic.Pointer[holds]

	mu  sync.Mutex // held while the member starts or stops, and guards run
	run *run       // nil while the member is down
}

// run is a member from one start to the next stop.
type run struct {
	etcd     *embed.Etcd
	server   *inprocess.Server
	death    *inprocess.Death
	requests *callerTransport
	// storage is the raft log of the server.
	storage serverstorage.Storage
}

// holds are the parts that delay or hold a server at the points wal-save and apply.
type holds struct {
	disk  *disk
	apply *applier
}

func newMember(c *cluster, name string) (*member, error) {
	m := &member{
		cluster:    c,
		rpc:        rpc.Member{Board: c.env.Board, Recorder: c.env.Recorder, Cluster: c.name, Name: name},
		name:       name,
		clientLink: link.ToClients(c.env.Board, c.name, name),
		// rafthttp's prober measures round trips on its own connections and does not name its member. Nothing depends on it.
		anonymousLink: link.Plain(c.env.Board),
	}
	var err error
	if m.clients, err = listen(c.client(name), single(m.clientLink)); err != nil {
		return nil, fmt.Errorf("member %s/%s: %w", c.name, name, err)
	}
	if m.peers, err = listen(anyPort, m.callers()); err != nil {
		m.clients.close()
		return nil, fmt.Errorf("member %s/%s: %w", c.name, name, err)
	}
	return m, nil
}

func (m *member) String() string { return m.cluster.name + "/" + m.name }

// dir is the member's data directory.
func (m *member) dir() string { return filepath.Join(m.cluster.env.Dir, m.name) }

// id is the member's id in its cluster.
func (m *member) id() types.ID { return types.ID(m.number.Load()) }

// founder is the id of the member as a founding member.
func (m *member) founder() (types.ID, error) {
	return inprocess.FounderID(m.name, m.peers.url(), m.cluster.name)
}

// runs says whether the member was started and not stopped since.
func (m *member) runs() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.run != nil
}

// start starts the member and blocks until it serves. state is embed.ClusterStateFlagNew or embed.ClusterStateFlagExisting.
func (m *member) start(ctx context.Context, state string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.run != nil {
		return fmt.Errorf("member %s runs already", m)
	}
	m.eachLink(func(l *link.Link) { l.Up() })
	r, err := m.begin(state)
	if err != nil {
		return fmt.Errorf("member %s: %w", m, err)
	}
	m.run = r
	if err := m.attach(r); err != nil {
		return errors.Join(fmt.Errorf("member %s: %w", m, err), m.stop())
	}
	select {
	case <-r.etcd.Server.ReadyNotify():
		m.serving.Store(r.server)
		if r.death.Cause() != nil { // the server died just before Store, so die could not clear serving
			m.serving.Store(nil)
		}
		return nil
	case <-r.death.Done():
		return errors.Join(fmt.Errorf("member %s: %w", m, r.death.Cause()), m.stop())
	case err := <-r.etcd.Err():
		return errors.Join(fmt.Errorf("member %s: %w", m, err), m.stop())
	case <-ctx.Done():
		m.cluster.dying.Go(func() { m.serveLater(r) })
		return fmt.Errorf("member %s: %w: %w", m, harness.ErrNotServing, ctx.Err())
	}
}

// serveLater waits until a run that was not ready in time is ready or has ended.
func (m *member) serveLater(r *run) {
	select {
	case <-r.etcd.Server.ReadyNotify():
	case <-r.etcd.Server.StopNotify():
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.run == r && r.death.Cause() == nil {
		m.serving.Store(r.server)
	}
}

// begin starts the server.
func (m *member) begin(state string) (*run, error) {
	r := &run{}
	r.death = inprocess.NewDeath(func(cause error) { m.die(r, cause) })
	config, err := m.config(state, r.death)
	if err != nil {
		return nil, err
	}
	err = r.death.Start(func() (err error) {
		r.etcd, err = embed.StartEtcd(config)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.server = inprocess.NewServer(r.etcd.Server)
	return r, nil
}

// attach connects the proxies to a server that was started, and starts the parts that its fault points need.
func (m *member) attach(r *run) error {
	m.clients.to(r.etcd.Clients[0].Addr().String())
	m.peers.to(r.etcd.Peers[0].Addr().String())
	board, server := m.cluster.env.Board, r.etcd.Server
	storage, err := storageOf(server)
	if err != nil {
		return err
	}
	r.storage = *storage
	disk, err := hold(board, board.Path(m.cluster.name, m.name, point.WALSave), server)
	if err != nil {
		return err
	}
	m.holds.Store(&holds{disk: disk, apply: holdApply(board, board.Path(m.cluster.name, m.name, point.Apply), server)})
	r.requests, err = nameCaller(server)
	return err
}

// inForce blocks until the switch of a point takes effect.
func (m *member) inForce(ctx context.Context, n point.Name) error {
	h := m.holds.Load()
	switch {
	case n != point.WALSave && n != point.Apply:
		return nil
	case h == nil:
		return inprocess.ErrDown
	case n == point.WALSave:
		return h.disk.held.await(ctx, h.disk.done)
	}
	return h.apply.held.await(ctx, h.apply.done)
}

func (m *member) config(state string, d *inprocess.Death) (*embed.Config, error) {
	timing := m.cluster.env.Timing
	c := embed.NewConfig()
	c.Name = m.name
	c.Dir = m.dir()
	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(d.Logger(m.cluster.env.Log.Named(m.name)))
	c.TickMs = uint(timing.Heartbeat / time.Millisecond)
	c.ElectionMs = uint(timing.Election / time.Millisecond)
	c.InitialClusterToken = m.rpc.Cluster
	c.InitialCluster = m.cluster.initial()
	c.ClusterState = state
	// The kernel chooses these ports, which only the proxies know, so that concurrent starts cannot collide.
	scheme := inprocess.Scheme(m.cluster.env.Certificates)
	c.ListenClientUrls = []url.URL{{Scheme: scheme, Host: anyPort}}
	c.ListenPeerUrls = []url.URL{{Scheme: "http", Host: anyPort}}
	c.ClientTLSInfo = inprocess.TLSInfo(m.cluster.env.Certificates)
	c.AdvertiseClientUrls = []url.URL{{Scheme: scheme, Host: m.advertised()}}
	c.AdvertisePeerUrls = []url.URL{{Scheme: "http", Host: m.peers.address()}}
	c.GRPCAdditionalServerOptions = m.rpc.ServerOptions()
	// Slow disks are injected as faults; that of the machine would only add noise.
	c.UnsafeNoFsync = true
	c.BcryptCost = inprocess.BcryptCost
	c.EnableGRPCGateway = m.cluster.engine.Gateway
	if c.EnableGRPCGateway {
		// The gateway dials the address of the configuration, so that must have the port in it.
		address, err := freeAddress()
		if err != nil {
			return nil, err
		}
		c.ListenClientUrls[0].Host = address
	}
	return c, nil
}

// freeAddress is an address of loopback on which nobody listens now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", anyPort)
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// nobody is an address at which nobody listens: no service uses the port.
const nobody = "127.0.0.1:1"

// advertised is the client address that the member publishes when it starts.
func (m *member) advertised() string {
	if m.misadvertises.Load() {
		return nobody
	}
	return m.clients.address()
}

// die is called when etcd ends itself in a run. It cuts the member off from clients and peers and starts a goroutine that stops it.
func (m *member) die(r *run, cause error) {
	m.serving.Store(nil)
	m.eachLink(func(l *link.Link) { l.Down() })
	m.cluster.dying.Go(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.run != r {
			return // it has been stopped
		}
		if err := m.stop(); err != nil {
			m.cluster.noteLeft(err)
		}
	})
	if died := m.cluster.env.Died; died != nil {
		died(m.name, cause)
	}
}

// kill stops the member, if it runs, without a transfer of leadership, and blocks until it has stopped. If a server that died cannot be
// stopped, the error says so.
func (m *member) kill() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stop()
}

// stop is kill. The caller holds m.mu.
func (m *member) stop() error {
	r := m.run
	if r == nil {
		return nil
	}
	m.run = nil
	m.serving.Store(nil)
	// The connections are cut first, since Close would wait for the streams on them to end. The disk and the applier are released before
	// the stop, since the raft loop cannot stop while it waits for them.
	m.eachLink(func(l *link.Link) { l.Down() })
	if h := m.holds.Swap(nil); h != nil {
		h.disk.release()
		h.apply.release()
	}
	r.server.CloseDirect()
	err := r.death.AwaitStop(func() {
		r.etcd.Server.HardStop()
		r.etcd.Close()
	}, r.etcd.Server.StoppingNotify(), r.storage)
	if r.requests != nil {
		r.requests.close()
	}
	if err != nil {
		return fmt.Errorf("member %s: %w", m, err)
	}
	return nil
}

// eachLink calls f with every link that starts or ends at the member.
func (m *member) eachLink(f func(*link.Link)) {
	f(m.clientLink)
	f(m.anonymousLink)
	m.peerLinks.each(f)
	for _, other := range m.cluster.all() {
		if l, ok := other.peerLinks.from(m.id()); ok {
			f(l)
		}
	}
}

func (m *member) close() error {
	err := m.kill()
	m.clients.close()
	m.peers.close()
	return err
}
