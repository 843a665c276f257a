package virtual

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/inprocess"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/wire"
)

// cluster is a running cluster: its members and the network between them.
type cluster struct {
	name string
	env  harness.Env

	// changing is held while members are added or removed. It is a channel, not a mutex, because it is held across waits, and a goroutine
	// that waits for a mutex stops virtual time.
	changing chan struct{}
	ending   context.Context
	end      context.CancelFunc
	running  sync.WaitGroup

	mu      sync.RWMutex // guards the fields below
	members []*member    // in the order in which they joined
	left    []error      // servers that died and could not be stopped
	wires   []*wire.Wire // one of each manager: they record what its clients do
}

var _ harness.Members = (*cluster)(nil)

func newCluster(name string, env harness.Env) *cluster {
	c := &cluster{name: name, env: env, changing: make(chan struct{}, 1)}
	c.ending, c.end = context.WithCancel(context.Background())
	return c
}

// found adds a founding member, whose id follows from its address.
func (c *cluster) addFounder(name string) (*member, error) {
	id, err := inprocess.FounderID(name, c.peerURL(name), c.name)
	if err != nil {
		return nil, err
	}
	m := newMember(c, name, id)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = append(c.members, m)
	return m, nil
}

// clientAddress and peerHost are the member's addresses for clients and for peers. They contain the cluster's name, so a client that uses
// another cluster's address is refused.
func (c *cluster) clientAddress(member string) string { return member + "." + c.name + ":2379" }
func (c *cluster) peerHost(member string) string      { return member + "." + c.name + ":2380" }

// peerURL is the peer URL that a member advertises. Only rafthttp's own transport dials it, in the moment before we replace that
// transport. The URL is the path of a Unix socket that does not exist, so the dial fails at once, without the network and real time.
func (c *cluster) peerURL(member string) string { return "unix://" + c.peerHost(member) }

// dataDir is the member's data directory.
func (c *cluster) dataDir(member string) string { return filepath.Join(c.env.Dir, member) }

// start starts the founding members and blocks until all serve and follow one leader.
func (c *cluster) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	runs, err := c.beginAll(ctx, founding)
	if err != nil {
		return err
	}
	c.running.Go(c.watchContacts)
	for _, r := range runs {
		if err := r.awaitServing(ctx); err != nil {
			return err
		}
	}
	return harness.AwaitLeader(ctx, c, harness.Spec{Name: c.name, Members: len(runs)}, c.env.Timing.Observe)
}

// beginAll starts the members one shortly after the other, and returns without waiting until they serve. Members started at the
// same virtual instant would tick at the same instants for ever, and two that draw the same election timeout would split the vote every
// time. In real time their ticks differ, and the member that ticks first wins.
func (c *cluster) beginAll(ctx context.Context, as origin) ([]*run, error) {
	members := c.list()
	runs := make([]*run, len(members))
	stagger := c.env.Timing.Heartbeat / time.Duration(len(members))
	for i, m := range members {
		if i > 0 {
			<-time.After(stagger)
		}
		var err error
		if runs[i], err = m.begin(ctx, as); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

// list is a snapshot of the members.
func (c *cluster) list() []*member {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Clone(c.members)
}

// find returns the first member for which is returns true, or nil.
func (c *cluster) find(is func(*member) bool) *member {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, m := range c.members {
		if is(m) {
			return m
		}
	}
	return nil
}

func (c *cluster) member(name string) *member {
	return c.find(func(m *member) bool { return m.name == name })
}

func (c *cluster) memberByID(id types.ID) *member {
	return c.find(func(m *member) bool { return m.id == id })
}

// at is the name of the member with a client address, named that of the member with an id; empty if there is none.
func (c *cluster) at(address string) string {
	return nameOf(c.find(func(m *member) bool { return c.clientAddress(m.name) == address }))
}

func (c *cluster) named(id uint64) string { return nameOf(c.memberByID(types.ID(id))) }

func nameOf(m *member) string {
	if m == nil {
		return ""
	}
	return m.name
}

// known returns the member, or an error if the cluster has none of this name.
func (c *cluster) known(name string) (*member, error) {
	m := c.member(name)
	if m == nil {
		return nil, fmt.Errorf("cluster %s has no member %q", c.name, name)
	}
	return m, nil
}

// Status is what the member's server reports about itself; the zero value if it does not serve.
func (c *cluster) Status(name string) harness.Status {
	if m := c.member(name); m != nil {
		return m.serving.Load().Status()
	}
	return harness.Status{}
}

// Direct is the client that calls the member's server without a network.
func (c *cluster) Direct(name string) (harness.Direct, error) {
	m, err := c.known(name)
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

// InForce returns at once: all code evaluates its point on each use, so a switch takes effect at once.
func (c *cluster) InForce(context.Context, string, point.Name) error { return nil }

// Endpoint is the client URL that the member advertises.
func (c *cluster) Endpoint(name string) string {
	return inprocess.Scheme(c.env.Certificates) + "://" + c.clientAddress(name)
}

// DialOptions make a client dial through the cluster's own network.
func (c *cluster) DialOptions(manager int) []grpc.DialOption {
	recorded := &wire.Wire{
		Manager: manager, Recorder: c.env.Recorder.Of(manager), Board: c.env.Board, Cluster: c.name, Dial: c.dial, At: c.at, Named: c.named,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wires = append(c.wires, recorded)
	return recorded.DialOptions()
}

// Connections counts the client connections to the member.
func (c *cluster) Connections(name string) int {
	if m := c.member(name); m != nil {
		return m.clients.Open()
	}
	return 0
}

// CutClients resets the member's client connections.
func (c *cluster) CutClients(name string) {
	if m := c.member(name); m != nil {
		m.clients.Cut()
	}
}

// StrandClients makes the member's client connections half-open.
func (c *cluster) StrandClients(name string) {
	if m := c.member(name); m != nil {
		m.clients.Strand()
	}
}

// Stranded counts the member's half-open client connections that neither side has closed.
func (c *cluster) Stranded(name string) int {
	if m := c.member(name); m != nil {
		return m.clients.Stranded()
	}
	return 0
}

// Misadvertise says whether the member publishes a client URL at which nobody listens, from its next start on.
func (c *cluster) Misadvertise(name string, wrong bool) {
	if m := c.member(name); m != nil {
		m.misadvertises.Store(wrong)
	}
}

// Kill stops the member without a transfer of leadership, even if a fault holds it, and blocks until none of its goroutines run.
func (c *cluster) Kill(ctx context.Context, name string) error {
	m, err := c.known(name)
	if err != nil {
		return err
	}
	return m.kill(ctx)
}

// Restart starts a killed member on its data and blocks until it serves. If it does not serve in time, because there is no quorum for
// example, Restart returns an error and leaves the member running; it serves as soon as it can.
func (c *cluster) Restart(ctx context.Context, name string) error {
	m, err := c.known(name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	r, err := m.begin(ctx, existing)
	if err != nil {
		return err
	}
	return r.awaitServing(ctx)
}

// Close kills the members that run. It blocks until nothing of the cluster runs. The error names the servers that could not be stopped.
func (c *cluster) Close() error {
	c.end()
	var killing sync.WaitGroup
	for _, m := range c.list() {
		killing.Go(func() {
			if err := m.kill(context.Background()); err != nil {
				c.noteLeft(err)
			}
		})
	}
	killing.Wait()
	c.running.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.left...)
}

// noteLeft records that a server that died could not be stopped. Close returns the error.
func (c *cluster) noteLeft(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = append(c.left, err)
}
