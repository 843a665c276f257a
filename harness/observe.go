package harness

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/record"
)

// observe looks at the cluster and at the manager's view of it, over and over, and records what changed.
func (c *Cluster) observe(ctx context.Context) {
	o := observer{cluster: c, beliefs: map[*Member]record.Belief{}, state: map[record.Subject]string{}}
	ticker := time.NewTicker(c.world.timing.Observe)
	defer ticker.Stop()
	for {
		o.look(ctx)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// observer remembers what it saw last of one cluster.
type observer struct {
	cluster *Cluster
	led     bool
	leader  string
	term    uint64
	beliefs map[*Member]record.Belief

	state    map[record.Subject]string
	revision int64
	err      error

	keysAt   time.Time
	keysSeen bool
	keys     record.Keys
}

func (o *observer) look(ctx context.Context) {
	o.lookAtMembers()
	if m := o.cluster.world.managed.Load(); m != nil && m.manages(o.cluster) {
		o.lookAtView(m.manager)
		o.lookAtKeys(ctx, m)
	}
}

func (o *observer) lookAtMembers() {
	c, rec := o.cluster, o.cluster.world.recorder
	name := ""
	leader, term := c.agreed()
	if leader != nil {
		name = leader.name
	}
	if !o.led || name != o.leader || name != "" && term != o.term {
		o.led, o.leader, o.term = true, name, term
		rec.Leader(c.name, name, term)
	}
	for _, m := range c.Members() {
		now := record.Belief{Cluster: c.name, Member: m.name, Down: true}
		if s := m.Server(); s != nil {
			now.Down, now.Leads, now.Term = false, s.Leader() == s.MemberID(), s.Term()
		}
		// The term alone is no news: it changes with each election for everybody.
		if was := o.beliefs[m]; was.Member == "" || was.Down != now.Down || was.Leads != now.Leads || now.Leads && was.Term != now.Term {
			rec.Belief(now)
			o.beliefs[m] = now
		}
	}
}

func (o *observer) lookAtView(m Manager) {
	c, rec := o.cluster, o.cluster.world.recorder
	view, ok := m.View(c.name)
	if !ok {
		return
	}
	changes := o.changes(view)
	if len(changes) > 0 || view.Revision != o.revision {
		o.revision = view.Revision
		rec.View(record.View{Cluster: c.name, Revision: view.Revision, Changes: changes})
	}
	if view.Err != nil && !sameError(view.Err, o.err) {
		e := record.ViewError{Cluster: c.name, Text: view.Err.Error()}
		var idle interface{ IdleTimeout() time.Duration }
		if errors.As(view.Err, &idle) {
			e.Idle = idle.IdleTimeout()
		}
		rec.Error(e)
	}
	o.err = view.Err
}

// changes brings the observer's state up to the view and returns what differed, in a fixed order.
func (o *observer) changes(v View) []record.Change {
	var changes []record.Change
	note := func(s record.Subject, value string) {
		if o.state[s] != value {
			o.state[s] = value
			changes = append(changes, record.Change{Subject: s, Value: value})
		}
	}
	for addr, b := range v.Backends {
		note(record.Subject{Kind: record.Backend, Name: addr}, strconv.FormatInt(b.StartTimestamp, 10))
	}
	for task, ts := range v.Checkpoints {
		note(record.Subject{Kind: record.Checkpoint, Name: task}, strconv.FormatUint(ts, 10))
	}
	for s := range maps.Keys(o.state) {
		gone := false
		switch s.Kind {
		case record.Backend:
			_, shown := v.Backends[s.Name]
			gone = !shown
		case record.Checkpoint:
			_, shown := v.Checkpoints[s.Name]
			gone = !shown
		}
		if gone {
			note(s, "")
		}
	}
	slices.SortFunc(changes, func(a, b record.Change) int {
		if a.Subject.Kind != b.Subject.Kind {
			return strings.Compare(string(a.Subject.Kind), string(b.Subject.Kind))
		}
		return strings.Compare(a.Subject.Name, b.Subject.Name)
	})
	return changes
}

// sameError compares errors that may be of a type that == cannot compare.
func sameError(a, b error) bool {
	if a == nil || b == nil {
		return a == b
	}
	if reflect.TypeOf(a).Comparable() && reflect.TypeOf(b).Comparable() {
		return a == b
	}
	return a.Error() == b.Error()
}

// lookAtKeys sees, once in an election timeout, whether the keys that must stand do.
func (o *observer) lookAtKeys(ctx context.Context, m *managed) {
	c := o.cluster
	if time.Since(o.keysAt) < c.world.timing.Election {
		return
	}
	leader := c.currentLeader()
	if leader == nil {
		return
	}
	o.keysAt = time.Now()
	var own []string
	if registrar, ok := m.manager.(Registrar); ok {
		own = registrar.OwnKeys(c.name)
	}
	guards := c.guarded()
	missing, err := leader.missing(ctx, own)
	foreign, err2 := leader.missing(ctx, guards)
	if err != nil || err2 != nil {
		return // the member went down meanwhile; the next look asks another
	}
	if o.keysSeen && slices.Equal(missing, o.keys.Missing) && slices.Equal(foreign, o.keys.Foreign) {
		return
	}
	if !o.keysSeen && len(own)+len(guards) == 0 {
		return
	}
	o.keysSeen = true
	o.keys = record.Keys{Cluster: c.name, Missing: missing, Foreign: foreign}
	c.world.recorder.Keys(o.keys)
}

// checkGuards records which keys of others are gone once the manager is: it may have taken them along.
func (c *Cluster) checkGuards() {
	leader := c.currentLeader()
	if leader == nil {
		return
	}
	if gone, err := leader.missing(c.world.ctx, c.guarded()); err == nil && len(gone) > 0 {
		c.world.recorder.Keys(record.Keys{Cluster: c.name, Foreign: gone})
	}
}

// guarded are the keys of others that must stand.
func (c *Cluster) guarded() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.guards)
}

// missing are those of the keys that do not stand in the cluster, as this member knows it.
func (m *Member) missing(ctx context.Context, keys []string) ([]string, error) {
	var missing []string
	err := m.do(ctx, func(ctx context.Context, client *clientv3.Client) error {
		for _, key := range keys {
			resp, err := client.Get(ctx, key, clientv3.WithCountOnly(), clientv3.WithSerializable())
			if err != nil {
				return err
			}
			if resp.Count == 0 {
				missing = append(missing, key)
			}
		}
		return nil
	})
	return missing, err
}
