package virtual

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness"
)

// cluster is a running cluster: its members and the network between them.
type cluster struct {
	name string
	env  harness.Env

	// changing is held while members are added or removed. It is a channel, as everything here that is held across a wait:
	// in virtual time a mutex would stop the clock.
	changing chan struct{}
	ending   context.Context
	end      context.CancelFunc
	running  sync.WaitGroup

	mu      sync.RWMutex
	members []*member // in the order in which they came
}

var _ harness.Members = (*cluster)(nil)

func newCluster(name string, env harness.Env) *cluster {
	c := &cluster{name: name, env: env, changing: make(chan struct{}, 1)}
	c.ending, c.end = context.WithCancel(context.Background())
	return c
}

// found adds a founding member, whose id follows from its address.
func (c *cluster) found(name string) (*member, error) {
	urls, err := types.NewURLs([]string{c.peerURL(name)})
	if err != nil {
		return nil, err
	}
	m := newMember(c, name, membership.NewMember(name, urls, c.name, nil).ID)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = append(c.members, m)
	return m, nil
}

// clientAddress and peerHost are what a member is called on the two networks. No other cluster has the same names, so that whoever
// takes one address for another's is refused.
func (c *cluster) clientAddress(member string) string { return member + "." + c.name + ":2379" }
func (c *cluster) peerHost(member string) string      { return member + "." + c.name + ":2380" }

// peerURL is what a member advertises to its peers. Nobody ever dials it but rafthttp's own transport, in the moment before it
// is replaced; a path of a socket that does not exist fails at once and without the network, which would let real time in.
func (c *cluster) peerURL(member string) string { return "unix://" + c.peerHost(member) }

// dataDir is where a member's data are.
func (c *cluster) dataDir(member string) string { return filepath.Join(c.env.Dir, member) }

// start starts the founding members one shortly after the other and blocks until all serve and follow one leader. Members that were
// started at one virtual instant would tick at the same instants for ever, and two that draw the same election timeout would stand
// against each other each time; where time is real, the one whose tick comes first has won by then.
func (c *cluster) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	members := c.list()
	lives := make([]*life, len(members))
	stagger := c.env.Timing.Heartbeat / time.Duration(len(members))
	for i, m := range members {
		if i > 0 {
			<-time.After(stagger)
		}
		var err error
		if lives[i], err = m.begin(ctx, founding); err != nil {
			return err
		}
	}
	c.running.Go(c.keepContact)
	for _, l := range lives {
		if err := l.awaitServing(ctx); err != nil {
			return err
		}
	}
	return harness.AwaitLeader(ctx, c, harness.Spec{Name: c.name, Members: len(members)}, c.env.Timing.Observe)
}

// list is a snapshot of the members.
func (c *cluster) list() []*member {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Clone(c.members)
}

// find is the first member of which is holds, or nil.
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

// known finds a member or says that it is not there.
func (c *cluster) known(name string) (*member, error) {
	m := c.member(name)
	if m == nil {
		return nil, fmt.Errorf("cluster %s has no member %q", c.name, name)
	}
	return m, nil
}

// Server is the member's etcd server, nil while it is down or not serving yet.
func (c *cluster) Server(name string) *etcdserver.EtcdServer {
	if m := c.member(name); m != nil {
		return m.serving.Load()
	}
	return nil
}

// Endpoint is the client URL that the member advertises.
func (c *cluster) Endpoint(name string) string { return "http://" + c.clientAddress(name) }

// DialOptions lead a client into the cluster's network.
func (c *cluster) DialOptions() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithContextDialer(c.dial)}
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

// Kill stops the member without handing anything over, whatever holds it, and blocks until nothing of it runs.
func (c *cluster) Kill(ctx context.Context, name string) error {
	m, err := c.known(name)
	if err != nil {
		return err
	}
	return m.kill(ctx)
}

// Restart starts a killed member on its data and blocks until it serves. A member that does not serve in time, for want of a
// quorum say, is left running and serves when it can; the error says so.
func (c *cluster) Restart(ctx context.Context, name string) error {
	m, err := c.known(name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	l, err := m.begin(ctx, existing)
	if err != nil {
		return err
	}
	return l.awaitServing(ctx)
}

// Close kills the members that run. It blocks until nothing of the cluster runs.
func (c *cluster) Close() error {
	c.end()
	var killing sync.WaitGroup
	for _, m := range c.list() {
		killing.Go(func() { _ = m.kill(context.Background()) }) // fails only with its context
	}
	killing.Wait()
	c.running.Wait()
	return nil
}
