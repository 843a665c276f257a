package harness

import (
	"context"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/record"
)

// observe checks the cluster's members once every Observe, until ctx ends, and records who leads and which members believe that they lead.
func (c *Cluster) observe(ctx context.Context) {
	o := observer{cluster: c, beliefs: map[*Member]record.Belief{}}
	each(ctx, c.world.timing.Observe, o.look)
}

// each calls f at once, and then once every interval until ctx ends.
func each(ctx context.Context, every time.Duration, f func()) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		f()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// observer remembers what it recorded last of one cluster.
type observer struct {
	cluster *Cluster
	led     bool
	leader  string
	term    uint64
	beliefs map[*Member]record.Belief
}

func (o *observer) look() {
	c, rec := o.cluster, o.cluster.world.recorder
	name := ""
	members, said := c.statuses()
	leader, term := agreed(members, said)
	if leader != nil {
		name = leader.name
	}
	if !o.led || name != o.leader || name != "" && term != o.term {
		o.led, o.leader, o.term = true, name, term
		rec.Leader(c.name, name, term)
	}
	for i, m := range members {
		s := said[i]
		now := record.Belief{Cluster: c.name, Member: m.name, Down: !s.Up, Leads: s.Leads(), Term: s.Term}
		// We record no change of the term alone for a member that does not lead: it changes for every member at each election.
		if was := o.beliefs[m]; was.Member == "" || was.Down != now.Down || was.Leads != now.Leads || now.Leads && was.Term != now.Term {
			rec.Belief(now)
			o.beliefs[m] = now
		}
	}
}

// observeKeys checks once every election timeout which of the keys that must exist are missing, for each manager. It runs in a goroutine of its own,
// since it waits for responses of etcd.
func (c *Cluster) observeKeys(ctx context.Context) {
	observers := map[int]*keyObserver{}
	each(ctx, c.world.timing.Election, func() {
		for _, m := range c.world.running() {
			if observers[m.number] == nil {
				observers[m.number] = &keyObserver{cluster: c, manager: m}
			}
			observers[m.number].look(ctx)
		}
	})
}

// keyObserver records the result of the first check of the keys in each tenure of a manager, and every change.
type keyObserver struct {
	cluster *Cluster
	manager *managed
	tenure  *viewObserver // the tenure of the last check
	seen    bool          // whether a result is recorded for that tenure
	keys    record.Keys
}

func (o *keyObserver) look(ctx context.Context) {
	c := o.cluster
	tenure := o.manager.views[c]
	now, asked := tenure.Load(), c.foremost()
	if now == nil || asked == nil {
		return
	}
	if now != o.tenure {
		o.tenure, o.seen = now, false
	}
	own, guards := o.manager.ownKeys(c), c.ledger.guarded()
	missing, err := asked.missing(ctx, append(slices.Clone(own), guards...))
	if err != nil {
		return // the member went down meanwhile; the next check asks another
	}
	foreign := slices.DeleteFunc(slices.Clone(missing), func(key string) bool { return !slices.Contains(guards, key) })
	missing = slices.DeleteFunc(missing, func(key string) bool { return !slices.Contains(own, key) })
	if tenure.Load() != now {
		return // the tenure ended meanwhile
	}
	if o.seen && slices.Equal(missing, o.keys.Missing) && slices.Equal(foreign, o.keys.Foreign) || !o.seen && len(own)+len(guards) == 0 {
		return
	}
	o.seen = true
	o.keys = record.Keys{Cluster: c.name, Own: len(own), Missing: missing, Foreign: foreign}
	o.manager.recorder.Keys(o.keys)
}

// ownKeys returns the keys that the manager says must exist in the cluster.
func (m *managed) ownKeys(c *Cluster) (own []string) {
	owner, ok := m.manager.(KeyOwner)
	if !ok {
		return nil
	}
	if caught := catch(func() { own = owner.OwnKeys(c.name) }); caught != nil {
		m.recorder.Answer(record.Answer{Cluster: c.name, Problem: "OwnKeys panicked: " + caught.Error()})
	}
	return own
}

// checkGuards records which keys of others are gone after the manager was closed, since its Close may have deleted them.
func (c *Cluster) checkGuards() {
	asked := c.foremost()
	if asked == nil {
		return
	}
	if gone, err := asked.missing(c.world.ctx, c.ledger.guarded()); err == nil && len(gone) > 0 {
		c.world.recorder.Keys(record.Keys{Cluster: c.name, Foreign: gone})
	}
}

// maxOps is how many operations etcd accepts in one transaction, by default.
const maxOps = 128

// missing returns those of the keys that do not exist in this member's copy of the data.
func (m *Member) missing(ctx context.Context, keys []string) ([]string, error) {
	var missing []string
	if len(keys) == 0 {
		return nil, nil
	}
	err := m.attempt(ctx, m.cluster.world.pace.Election/2, func(ctx context.Context, d Direct) error {
		for some := range slices.Chunk(keys, maxOps) {
			var gets []clientv3.Op
			for _, key := range some {
				gets = append(gets, clientv3.OpGet(key, clientv3.WithCountOnly(), clientv3.WithSerializable()))
			}
			resp, err := d.Txn(ctx).Then(gets...).Commit()
			if err != nil {
				return err
			}
			for i, key := range some {
				if resp.Responses[i].GetResponseRange().GetCount() == 0 {
					missing = append(missing, key)
				}
			}
		}
		return nil
	})
	return missing, err
}
