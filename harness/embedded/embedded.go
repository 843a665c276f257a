// Package embedded is the engine of real sockets, disks and clocks: each member is an unmodified embed.Etcd on loopback.
//
//	client ──► proxy ═ link ═► member ◄═ link ═ proxy ◄── other members
//	           advertised       listens           advertised
//	           client URL       where nobody      peer URL
//	                            is told
//
// Since the proxies' addresses are the advertised ones, no client and no member can find a way around a link.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/link"
)

// Engine starts embedded clusters. Its zero value is ready.
type Engine struct{}

var _ harness.Engine = Engine{}

// Name is "embedded".
func (Engine) Name() string { return "embedded" }

// Timing is [bound.Compressed]: a scenario is waited for.
func (Engine) Timing() bound.Timing { return bound.Compressed() }

// Dir is empty: the data are where temporary files are.
func (Engine) Dir() string { return "" }

// Run calls body; its time is the wall clock's.
func (Engine) Run(body func()) error {
	body()
	return nil
}

// startTimeout is how long a cluster may take to elect its first leader on a machine that is doing something else.
const startTimeout = time.Minute

// Start starts the members side by side and returns when all serve and agree on a leader.
func (Engine) Start(ctx context.Context, spec harness.Spec, env harness.Env) (harness.Members, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	c, err := newCluster(spec, env)
	if err != nil {
		return nil, err
	}
	var starting errgroup.Group
	for _, m := range c.all() {
		starting.Go(func() error { return m.start(ctx, embed.ClusterStateFlagNew) })
	}
	err = starting.Wait()
	if err == nil {
		err = harness.AwaitLeader(ctx, c, spec, env.Timing.Observe)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// cluster is a running cluster. Its methods may be called from anywhere.
type cluster struct {
	env  harness.Env
	name string

	mu      sync.Mutex
	members []*member
}

// newCluster opens the proxies, whose addresses every member needs to know before it starts.
func newCluster(spec harness.Spec, env harness.Env) (*cluster, error) {
	c := &cluster{env: env, name: spec.Name}
	for i := range spec.Members {
		m, err := newMember(c, fmt.Sprintf("m%d", i+1))
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		m.id = m.as(nil).ID
		c.join(m)
	}
	return c, nil
}

// join makes a member one of the cluster's and lays the links between it and the others.
func (c *cluster) join(m *member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, other := range c.members {
		m.peerLinks.lay(other.id, link.BetweenPeers(c.env.Board, c.name, other.name, m.name))
		other.peerLinks.lay(m.id, link.BetweenPeers(c.env.Board, c.name, m.name, other.name))
	}
	c.members = append(c.members, m)
}

// all are the members of now, in order.
func (c *cluster) all() []*member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.members)
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

// initial are the members and their peer URLs, as a member is told when it starts for the first time.
func (c *cluster) initial() string {
	var list []string
	for _, m := range c.all() {
		list = append(list, m.name+"="+m.peers.url())
	}
	return strings.Join(list, ",")
}

func (c *cluster) Server(name string) *etcdserver.EtcdServer {
	if m, err := c.find(name); err == nil {
		return m.Server()
	}
	return nil
}

func (c *cluster) Endpoint(name string) string {
	if m, err := c.find(name); err == nil {
		return m.clients.url()
	}
	return ""
}

func (c *cluster) DialOptions() []grpc.DialOption { return nil }

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

func (c *cluster) Kill(_ context.Context, name string) error {
	m, err := c.find(name)
	if err == nil {
		m.kill()
	}
	return err
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
	var wg sync.WaitGroup
	for _, m := range c.all() {
		wg.Go(m.close)
	}
	wg.Wait()
	return nil
}
