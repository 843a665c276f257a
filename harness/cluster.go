package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stormwatch/stormwatch/harness/certs"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Cluster is an etcd cluster of a world.
type Cluster struct {
	world   *World
	name    string
	running Members
	ledger  *Ledger
	load    *load
	backup  *backup // the last one; nil if there is none. Only the scenario's goroutine uses it
	auth    bool    // it has users
	// certificates are those of its members and clients; nil if the members serve without TLS.
	certificates *certs.Certificates

	mu      sync.Mutex
	members []*Member
	added   int // the number of members that the cluster has ever had
}

// Member is one of a cluster's members.
type Member struct {
	cluster *Cluster
	name    string
	// died says that the member ended by itself, because of a fault, and was not started again.
	died atomic.Bool
	// starts counts how often the member was started after it had stopped.
	starts atomic.Int64
}

func newCluster(w *World, spec Spec) *Cluster {
	c := &Cluster{world: w, name: spec.Name, load: &load{every: w.pace.Load}, auth: spec.Auth}
	c.ledger = newLedger(c)
	for _, name := range spec.Names() {
		c.members = append(c.members, &Member{cluster: c, name: name})
	}
	c.added = len(c.members)
	return c
}

// Name is the name of the cluster.
func (c *Cluster) Name() string { return c.name }

func (c *Cluster) String() string { return c.name }

// Members are all members of the cluster in order, whether they run or not.
func (c *Cluster) Members() []*Member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.members)
}

// Member finds a member by its name in the cluster ("m1") or by its role ("leader"). If there is none, the scenario ends and the run is not
// judged.
func (c *Cluster) Member(name string) *Member {
	m, err := c.world.Resolve(Ref{c.name, name})
	if err != nil {
		c.world.fail("%w", err)
	}
	return m
}

// Leader is the member that a majority follows. It blocks until there is one, at most for [bound.Bounds.Election]. If there is none by then, the
// scenario ends and the run is not judged.
func (c *Cluster) Leader() *Member {
	leader, err := c.awaitLeader()
	if err != nil {
		c.world.fail("%w", err)
	}
	return leader
}

func (c *Cluster) awaitLeader() (leader *Member, err error) {
	found := c.world.await(c.world.Bounds().Election(), func() bool {
		leader = c.currentLeader()
		return leader != nil
	})
	if !found {
		return nil, fmt.Errorf("cluster %s has no leader after %v", c.name, c.world.Bounds().Election())
	}
	return leader, nil
}

// Followers are the running members that do not lead, in order. It blocks, and may end the scenario, as Leader does.
func (c *Cluster) Followers() []*Member {
	leader := c.Leader()
	return slices.DeleteFunc(c.Members(), func(m *Member) bool { return m == leader || !m.Status().Up })
}

// currentLeader is the member that a majority, itself included, follows now; nil if there is none.
func (c *Cluster) currentLeader() *Member {
	members, said := c.statuses()
	leader, _ := agreed(members, said)
	return leader
}

// statuses are the members and what each reports about itself now.
func (c *Cluster) statuses() ([]*Member, []Status) {
	members := c.Members()
	said := make([]Status, len(members))
	for i, m := range members {
		said[i] = m.Status()
	}
	return members, said
}

// agreed returns the member that a majority of the members follows, and its term. It need not compare terms to find the leader: two majorities have a member in common, which follows
// only one leader. Nor could it compare them: etcd reports the term of the last entry that a member has applied, and a member may apply late. The
// highest term that the leader or one of its followers reports is the leader's.
func agreed(members []*Member, said []Status) (*Member, uint64) {
	for i, s := range said {
		if !s.Leads() {
			continue
		}
		followers, term := 0, s.Term
		for _, other := range said {
			if other.Up && other.Leader == s.ID {
				followers++
				term = max(term, other.Term)
			}
		}
		if followers > len(members)/2 {
			return members[i], term
		}
	}
	return nil, 0
}

// foremost is the member that has applied the most, the leader if several have; nil while there is no leader. It may be another member than the
// leader, since a leader that applies late stays leader.
func (c *Cluster) foremost() *Member {
	members, said := c.statuses()
	foremost, _ := agreed(members, said)
	if foremost == nil {
		return nil
	}
	applied := said[slices.Index(members, foremost)].Applied
	for i, s := range said {
		if s.Up && s.Applied > applied {
			foremost, applied = members[i], s.Applied
		}
	}
	return foremost
}

// AddMember adds a new member to the cluster and starts it. It blocks until the member serves. etcd accepts a new member only after all others have
// been connected for five seconds. If ctx ends after the member was added and before it serves, the error is [ErrNotServing], and the member belongs to
// the cluster.
func (c *Cluster) AddMember(ctx context.Context) (*Member, error) {
	c.mu.Lock()
	c.added++
	m := &Member{cluster: c, name: fmt.Sprintf("m%d", c.added)}
	c.mu.Unlock()
	err := c.running.Add(ctx, m.name)
	if err != nil && !errors.Is(err, ErrNotServing) {
		return nil, err
	}
	c.mu.Lock()
	c.members = append(c.members, m)
	c.mu.Unlock()
	c.world.recorder.Joined(c.name, m.name)
	return m, err
}

// RemoveMember removes a member from the cluster, stops it and deletes its data. It blocks until nothing of it runs.
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

// Certificates are the certificates of the cluster's members and clients; nil if the members serve without TLS.
func (c *Cluster) Certificates() *certs.Certificates { return c.certificates }

// Outdated says whether a manager manages the cluster with a TLS configuration that was replaced since it was given to it.
func (c *Cluster) Outdated() bool {
	return c.certificates != nil && slices.ContainsFunc(c.world.running(), func(m *managed) bool { return m.outdated(c) })
}

// Ask makes a request of the harness' own to the cluster, past every link: first through the leader, then through others, until an attempt
// succeeds. It returns an error if ctx ends first. An attempt may be carried out although it failed.
func (c *Cluster) Ask(ctx context.Context, try func(context.Context, Direct) error) error {
	return c.ledger.retry(ctx, try)
}

// AttachedMembers are the members that serve the manager's watches now, in order. For a manager that polls, they are those to which it has
// connections.
func (c *Cluster) AttachedMembers() []*Member {
	if c.world.timing.Poll > 0 {
		return slices.DeleteFunc(c.Members(), func(m *Member) bool { return c.running.Connections(m.name) == 0 })
	}
	watched := map[string]bool{}
	c.world.recorder.Look(func(r *record.Record) {
		for _, w := range r.WatchesAt(c.name, c.world.Elapsed()) {
			watched[w.Member] = true
		}
	})
	return slices.DeleteFunc(c.Members(), func(m *Member) bool { return !watched[m.name] })
}

// Name is the name of the member in its cluster ("m1").
func (m *Member) Name() string { return m.name }

// Cluster is the member's cluster.
func (m *Member) Cluster() *Cluster { return m.cluster }

// String is the member's full name ("alpha/m1").
func (m *Member) String() string { return m.Ref().String() }

// Ref is the reference to this member by name.
func (m *Member) Ref() Ref { return Ref{m.cluster.name, m.name} }

// Status is what the member reports about itself now. It does not block.
func (m *Member) Status() Status { return m.cluster.running.Status(m.name) }

// Leads says whether a majority of the cluster follows the member now.
func (m *Member) Leads() bool { return m.cluster.currentLeader() == m }

// Endpoint is the member's advertised client URL.
func (m *Member) Endpoint() string { return m.cluster.running.Endpoint(m.name) }

// Kill stops the member at once, see [Members]. It blocks until nothing of it runs.
func (m *Member) Kill(ctx context.Context) error { return m.cluster.running.Kill(ctx, m.name) }

// Restart starts a killed member on its data. It blocks until the member serves; if ctx ends first, the error is [ErrNotServing].
func (m *Member) Restart(ctx context.Context) error {
	m.starts.Add(1)
	m.died.Store(false)
	return m.cluster.running.Restart(ctx, m.name)
}

// Starts counts how often Restart, Wipe and the Restore of its cluster were called. With it a fault knows whether another has started a member that it had stopped.
func (m *Member) Starts() int64 { return m.starts.Load() }

// Died says whether the member ended by itself, because a fault point made a write fail, and was not started again.
func (m *Member) Died() bool { return m.died.Load() }

// Wipe removes the member from its cluster, deletes its data and adds it again under its name, see [Members]. It blocks until the member
// serves; if ctx ends first, the error is [ErrNotServing]. After another error it is not known who belongs to the cluster.
func (m *Member) Wipe(ctx context.Context) error {
	m.starts.Add(1)
	m.died.Store(false)
	return m.cluster.running.Wipe(ctx, m.name)
}

// Misadvertise says whether the member publishes a client URL at which nobody listens, from its next start on.
func (m *Member) Misadvertise(wrong bool) { m.cluster.running.Misadvertise(m.name, wrong) }

// CutClients resets the connections of the member's clients.
func (m *Member) CutClients() { m.cluster.running.CutClients(m.name) }

// StrandClients makes the connections of the member's clients half-open, see [Members].
func (m *Member) StrandClients() { m.cluster.running.StrandClients(m.name) }

// Stranded says whether half-open connections of the member's clients are still open.
func (m *Member) Stranded() bool { return m.cluster.running.Stranded(m.name) > 0 }

// reachable says whether no fault in force keeps clients from the member.
func (m *Member) reachable() (reachable bool) {
	m.cluster.world.recorder.Look(func(r *record.Record) {
		reachable = !slices.ContainsFunc(r.FaultsAt(r.End), func(f record.Fault) bool {
			return f.Scope.Cluster == m.cluster.name && slices.Contains(f.Scope.Unreachable, m.name)
		})
	})
	return reachable
}

// Direct is a client of the member whose connection passes no link. The error says that the member is down.
func (m *Member) Direct() (Direct, error) { return m.cluster.running.Direct(m.name) }

// attempt calls try with a direct client of the member and a context that ends after the timeout.
func (m *Member) attempt(ctx context.Context, timeout time.Duration, try func(context.Context, Direct) error) error {
	d, err := m.Direct()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return try(ctx, d)
}

// supports says whether the engine has a fault point on the member.
func (m *Member) supports(n point.Name) bool { return m.cluster.running.Supports(n) }
