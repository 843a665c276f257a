package harness

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Cluster is an etcd cluster of a world.
type Cluster struct {
	world   *World
	name    string
	running Members

	mu      sync.Mutex
	members []*Member
	quiet   chan struct{} // closed when the load may go on; nil while it runs
	stamp   int64
	added   int                       // members that the cluster has ever had
	turns   int                       // how many actors have taken a turn and not finished it
	leases  map[clientv3.LeaseID]bool // of the fakes
	guards  []string                  // keys of others, which a manager must not touch
}

// Member is one of a cluster's members.
type Member struct {
	cluster *Cluster
	name    string

	mu     sync.Mutex
	server *etcdserver.EtcdServer // the one that client calls
	client *clientv3.Client
}

func newCluster(w *World, spec Spec) *Cluster {
	c := &Cluster{world: w, name: spec.Name, leases: map[clientv3.LeaseID]bool{}}
	for _, name := range memberNames(spec) {
		c.members = append(c.members, &Member{cluster: c, name: name})
	}
	c.added = len(c.members)
	return c
}

// close stops the cluster.
func (c *Cluster) close() error {
	for _, m := range c.Members() {
		m.mu.Lock()
		if m.client != nil {
			_ = m.client.Close() // says only that its context is over
		}
		m.mu.Unlock()
	}
	return c.running.Close()
}

// Name is the cluster's.
func (c *Cluster) Name() string { return c.name }

func (c *Cluster) String() string { return c.name }

// Members are all of the cluster's, in order, running or not.
func (c *Cluster) Members() []*Member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.members)
}

// Member finds a member by its name in the cluster ("m1"). A name that is not there ends the scenario.
func (c *Cluster) Member(name string) *Member {
	for _, m := range c.Members() {
		if m.name == name {
			return m
		}
	}
	c.world.fail("cluster %s has no member %q, only %v", c.name, name, c.Members())
	return nil
}

// Leader is the member that a majority follows. It blocks until there is one, for as long as an election may take; a cluster
// that has none by then ends the scenario.
func (c *Cluster) Leader() *Member {
	var leader *Member
	if !c.world.await(c.world.Bounds().Election(), func() bool {
		leader = c.currentLeader()
		return leader != nil
	}) {
		c.world.fail("cluster %s has no leader after %v", c.name, c.world.Bounds().Election())
	}
	return leader
}

// Followers are the running members that do not lead, in order. It blocks as Leader does.
func (c *Cluster) Followers() []*Member {
	leader := c.Leader()
	return slices.DeleteFunc(c.Members(), func(m *Member) bool { return m == leader || m.Server() == nil })
}

// currentLeader is the member whose leadership a majority, itself included, agrees on right now.
func (c *Cluster) currentLeader() *Member {
	leader, _ := c.agreed()
	return leader
}

func (c *Cluster) agreed() (*Member, uint64) {
	members := c.Members()
	for _, m := range members {
		s := m.Server()
		if s == nil || s.Leader() != s.MemberID() {
			continue
		}
		term, followers := s.Term(), 0
		for _, other := range members {
			if o := other.Server(); o != nil && o.Leader() == s.MemberID() && o.Term() == term {
				followers++
			}
		}
		if followers > len(members)/2 {
			return m, term
		}
	}
	return nil, 0
}

// AddMember starts a new member that joins the cluster. It blocks until the member serves; etcd takes no member before all others were
// connected for five seconds.
func (c *Cluster) AddMember(ctx context.Context) (*Member, error) {
	c.mu.Lock()
	c.added++
	m := &Member{cluster: c, name: fmt.Sprintf("m%d", c.added)}
	c.mu.Unlock()
	if err := c.running.Add(ctx, m.name); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.members = append(c.members, m)
	c.mu.Unlock()
	c.world.recorder.Joined(c.name, m.name)
	return m, nil
}

// RemoveMember takes a member out of the cluster and stops it; its data are gone. It blocks until nothing of it runs.
func (c *Cluster) RemoveMember(ctx context.Context, m *Member) error {
	if err := c.running.Remove(ctx, m.name); err != nil {
		return err
	}
	c.mu.Lock()
	c.members = slices.DeleteFunc(c.members, func(o *Member) bool { return o == m })
	c.mu.Unlock()
	c.world.recorder.Departed(c.name, m.name)
	return nil
}

// WatchMembers are the members on which the manager's watches sit now, in order.
func (c *Cluster) WatchMembers() []*Member {
	seats := map[string]bool{}
	c.world.recorder.Look(func(r *record.Record) {
		for _, w := range r.WatchesAt(c.name, c.world.Elapsed()) {
			seats[w.Member] = true
		}
	})
	return slices.DeleteFunc(c.Members(), func(m *Member) bool { return !seats[m.name] })
}

// Name is the member's in its cluster ("m1").
func (m *Member) Name() string { return m.name }

// Cluster is the member's cluster.
func (m *Member) Cluster() *Cluster { return m.cluster }

// String is the member's full name ("alpha/m1").
func (m *Member) String() string { return m.cluster.name + "/" + m.name }

// Server is the member's etcd server, nil while it is down.
func (m *Member) Server() *etcdserver.EtcdServer { return m.cluster.running.Server(m.name) }

// Point is the path of one of the member's fault points.
func (m *Member) Point(n point.Name) point.Path { return point.Of(m.cluster.name, m.name, n) }

// Endpoint is the member's advertised client URL.
func (m *Member) Endpoint() string { return m.cluster.running.Endpoint(m.name) }

// Kill stops the member the hard way. It blocks until nothing of it runs.
func (m *Member) Kill(ctx context.Context) error { return m.cluster.running.Kill(ctx, m.name) }

// Restart starts a killed member on the data it had. It blocks until the member serves.
func (m *Member) Restart(ctx context.Context) error { return m.cluster.running.Restart(ctx, m.name) }

// CutClients resets the connections of the member's clients.
func (m *Member) CutClients() { m.cluster.running.CutClients(m.name) }

// do calls write with a client that calls this member's server directly, without a network.
func (m *Member) do(ctx context.Context, write func(context.Context, *clientv3.Client) error) error {
	client, err := m.direct()
	if err != nil {
		return err
	}
	ctx, cancel := m.attempt(ctx)
	defer cancel()
	return write(ctx, client)
}

// attempt bounds one try of many.
func (m *Member) attempt(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, m.cluster.world.timing.Election/2)
}

func (m *Member) down() error { return fmt.Errorf("member %s is down", m) }

// direct is the client of the server that runs now; a restarted member is another server.
func (m *Member) direct() (*clientv3.Client, error) {
	server := m.Server()
	if server == nil {
		return nil, m.down()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.server != server {
		if m.client != nil {
			_ = m.client.Close() // says only that its context is over
		}
		m.server, m.client = server, v3client.New(server)
	}
	return m.client, nil
}
