// Package embedded is the engine with real sockets, disks and clocks: each member is an unmodified embed.Etcd on loopback.
//
//	client ──► proxy ═ link ═► member ◄═ link ═ proxy ◄── other members
//	           advertised       listens on        advertised
//	           client URL       hidden ports      peer URL
//
// The proxies' addresses are the advertised ones, so no client and no member can bypass a link.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/embed"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/inprocess"
	"github.com/stormwatch/stormwatch/harness/link"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/wire"
)

// Engine starts embedded clusters. Its zero value is ready.
type Engine struct {
	// Client returns the address on which the clients of a member reach it, such as "127.0.0.1:2379", for a world whose endpoints must be known
	// beforehand. It must be free. Nil, or an empty answer: a free port of loopback.
	Client func(cluster, member string) string
	// Gateway says that the members serve their clients etcd's JSON API too, at the same endpoints.
	Gateway bool
}

var _ harness.Engine = Engine{}

// Name is "embedded".
func (Engine) Name() string { return "embedded" }

// Timing is [bound.Compressed], so that a scenario in real time takes seconds and not minutes.
func (Engine) Timing() bound.Timing { return bound.Compressed() }

// Dir is empty: the data are in the system's directory for temporary files.
func (Engine) Dir() string { return "" }

// Run calls body, in real time, and blocks until it returns.
func (Engine) Run(body func()) error {
	body()
	return nil
}

// startTimeout is how long a cluster may take to elect its first leader, on a busy machine.
const startTimeout = time.Minute

// Start starts the members concurrently and blocks until all serve and agree on a leader.
func (e Engine) Start(ctx context.Context, spec harness.Spec, env harness.Env) (harness.Members, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	c, err := newCluster(e, spec, env)
	if err != nil {
		return nil, err
	}
	err = c.startAll(ctx, embed.ClusterStateFlagNew)
	if err == nil {
		err = harness.AwaitLeader(ctx, c, spec, env.Timing.Observe)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// startAll starts the members concurrently and blocks until they serve. state is as for member.start.
func (c *cluster) startAll(ctx context.Context, state string) error {
	members := c.all()
	errs := make([]error, len(members))
	var starting sync.WaitGroup
	for i, m := range members {
		starting.Go(func() { errs[i] = m.start(ctx, state) })
	}
	starting.Wait()
	return errors.Join(errs...)
}

// cluster is a running cluster. Its methods are safe for concurrent use.
type cluster struct {
	engine Engine
	env    harness.Env
	name   string

	// dying counts the goroutines that stop members whose server died.
	dying sync.WaitGroup

	mu      sync.Mutex // guards the fields below
	members []*member
	left    []error      // servers that died and could not be stopped
	wires   []*wire.Wire // one of each manager: they record what its clients do
}

// newCluster makes the members and opens their proxies. Every member needs the proxies' addresses before it starts.
func newCluster(e Engine, spec harness.Spec, env harness.Env) (*cluster, error) {
	c := &cluster{engine: e, env: env, name: spec.Name}
	for _, name := range spec.Names() {
		m, err := newMember(c, name)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		id, err := m.founder()
		if err != nil {
			return nil, errors.Join(err, m.close(), c.Close())
		}
		m.number.Store(uint64(id))
		c.join(m)
	}
	return c, nil
}

// join adds a member to the cluster's list and makes the links between it and the others.
func (c *cluster) join(m *member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, other := range c.members {
		m.peerLinks.set(other.id(), link.BetweenPeers(c.env.Board, c.name, other.name, m.name))
		other.peerLinks.set(m.id(), link.BetweenPeers(c.env.Board, c.name, m.name, other.name))
	}
	c.members = append(c.members, m)
}

// client is the address on which clients reach a member.
func (c *cluster) client(member string) string {
	if c.engine.Client != nil {
		if address := c.engine.Client(c.name, member); address != "" {
			return address
		}
	}
	return anyPort
}

// all are the current members, in the order in which they joined.
func (c *cluster) all() []*member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.members)
}

// nameOf is the name of the member for which is returns true; empty if there is none.
func (c *cluster) nameOf(is func(*member) bool) string {
	for _, m := range c.all() {
		if is(m) {
			return m.name
		}
	}
	return ""
}

// find looks a member up by name.
func (c *cluster) find(name string) (*member, error) {
	for _, m := range c.all() {
		if m.name == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("cluster %s has no member %q", c.name, name)
}

// initial is the list of members and their peer URLs in the format of etcd's flag --initial-cluster.
func (c *cluster) initial() string {
	var list []string
	for _, m := range c.all() {
		list = append(list, m.name+"="+m.peers.url())
	}
	return strings.Join(list, ",")
}

func (c *cluster) Status(name string) harness.Status {
	if m, err := c.find(name); err == nil {
		return m.serving.Load().Status()
	}
	return harness.Status{}
}

func (c *cluster) Direct(name string) (harness.Direct, error) {
	m, err := c.find(name)
	if err != nil {
		return harness.Direct{}, err
	}
	direct, err := m.serving.Load().Direct()
	if err != nil {
		return direct, fmt.Errorf("member %s: %w", m, err)
	}
	return direct, nil
}

// Supports says yes to every fault point.
func (c *cluster) Supports(n point.Name) bool { return len(n.Kinds()) > 0 }

// InForce blocks until the disk or the applier holds its lock. All other code evaluates its point on each use, so there InForce returns at
// once.
func (c *cluster) InForce(ctx context.Context, name string, n point.Name) error {
	m, err := c.find(name)
	if err != nil {
		return err
	}
	if err := m.inForce(ctx, n); err != nil {
		return fmt.Errorf("member %s: %s has not taken hold: %w", m, n, err)
	}
	return nil
}

func (c *cluster) Endpoint(name string) string {
	if m, err := c.find(name); err == nil {
		return inprocess.Scheme(c.env.Certificates) + "://" + m.clients.address()
	}
	return ""
}

func (c *cluster) DialOptions(manager int) []grpc.DialOption {
	recorded := &wire.Wire{
		Manager: manager, Recorder: c.env.Recorder.Of(manager), Board: c.env.Board, Cluster: c.name, Dial: dial,
		At: func(address string) string {
			return c.nameOf(func(m *member) bool { return m.clients.address() == address })
		},
		Named: func(id uint64) string { return c.nameOf(func(m *member) bool { return m.id() == types.ID(id) }) },
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wires = append(c.wires, recorded)
	return recorded.DialOptions()
}

// dial connects a client to an address.
func dial(ctx context.Context, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

func (c *cluster) Connections(name string) int {
	if m, err := c.find(name); err == nil {
		return m.clientLink.Open()
	}
	return 0
}

func (c *cluster) CutClients(name string) {
	if m, err := c.find(name); err == nil {
		m.clientLink.Cut()
	}
}

func (c *cluster) StrandClients(name string) {
	if m, err := c.find(name); err == nil {
		m.clientLink.Strand()
	}
}

func (c *cluster) Stranded(name string) int {
	if m, err := c.find(name); err == nil {
		return m.clientLink.Stranded()
	}
	return 0
}

func (c *cluster) Misadvertise(name string, wrong bool) {
	if m, err := c.find(name); err == nil {
		m.misadvertises.Store(wrong)
	}
}

func (c *cluster) Kill(_ context.Context, name string) error {
	m, err := c.find(name)
	if err != nil {
		return err
	}
	return m.kill()
}

func (c *cluster) Restart(ctx context.Context, name string) error {
	m, err := c.find(name)
	if err != nil {
		return err
	}
	return m.start(ctx, embed.ClusterStateFlagExisting)
}

// Close kills the members that run and closes the proxies.
func (c *cluster) Close() error {
	var closing errgroup.Group
	for _, m := range c.all() {
		closing.Go(m.close)
	}
	err := closing.Wait()
	c.dying.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(append(c.left, err)...)
}

// noteLeft records that a server that died could not be stopped. Close returns the error.
func (c *cluster) noteLeft(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = append(c.left, err)
}
