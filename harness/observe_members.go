package harness

import (
	"context"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/record"
)

// observe looks at the cluster's members, over and over, and records who leads and who believes so.
func (c *Cluster) observe(ctx context.Context) {
	o := observer{cluster: c, beliefs: map[*Member]record.Belief{}}
	each(ctx, c.world.timing.Observe, o.look)
}

// each calls f at once and then every so often until ctx ends.
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

// observer remembers what it saw last of one cluster.
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
	leader, term := c.agreed()
	if leader != nil {
		name = leader.name
	}
	if !o.led || name != o.leader || name != "" && term != o.term {
		o.led, o.leader, o.term = true, name, term
		rec.Leader(c.name, name, term)
	}
	for _, m := range c.Members() {
		s := m.Status()
		now := record.Belief{Cluster: c.name, Member: m.name, Down: !s.Up, Leads: s.Leads(), Term: s.Term}
		// The term alone is no news: it changes with each election for everybody.
		if was := o.beliefs[m]; was.Member == "" || was.Down != now.Down || was.Leads != now.Leads || now.Leads && was.Term != now.Term {
			rec.Belief(now)
			o.beliefs[m] = now
		}
	}
}

// observeKeys sees, once in an election timeout, whether the keys that must stand do, and records it at the first look of each tenure and
// whenever it changes. It has a goroutine of its own, since it waits for answers.
func (c *Cluster) observeKeys(ctx context.Context) {
	var tenure *viewObserver // the last that was looked at
	var seen bool            // in that
	var keys record.Keys
	each(ctx, c.world.timing.Election, func() {
		now, asked := c.view.Load(), c.foremost()
		if now == nil || asked == nil {
			return
		}
		if now != tenure {
			tenure, seen = now, false
		}
		own, guards := c.ownKeys(now.manager), c.ledger.guarded()
		missing, err := asked.missing(ctx, own)
		foreign, err2 := asked.missing(ctx, guards)
		if err != nil || err2 != nil {
			return // the member went down meanwhile; the next look asks another
		}
		if c.view.Load() != now {
			return // the tenure ended meanwhile
		}
		if seen && slices.Equal(missing, keys.Missing) && slices.Equal(foreign, keys.Foreign) || !seen && len(own)+len(guards) == 0 {
			return
		}
		seen = true
		keys = record.Keys{Cluster: c.name, Missing: missing, Foreign: foreign}
		c.world.recorder.Keys(keys)
	})
}

// ownKeys are those that the manager says must stand in the cluster.
func (c *Cluster) ownKeys(m Manager) (own []string) {
	owner, ok := m.(KeyOwner)
	if !ok {
		return nil
	}
	if caught := catch(func() { own = owner.OwnKeys(c.name) }); caught != nil {
		c.world.recorder.Answer(record.Answer{Cluster: c.name, Problem: "OwnKeys panicked: " + caught.Error()})
	}
	return own
}

// checkGuards records which keys of others are gone once the manager is: it may have taken them along.
func (c *Cluster) checkGuards() {
	asked := c.foremost()
	if asked == nil {
		return
	}
	if gone, err := asked.missing(c.world.ctx, c.ledger.guarded()); err == nil && len(gone) > 0 {
		c.world.recorder.Keys(record.Keys{Cluster: c.name, Foreign: gone})
	}
}

// missing are those of the keys that do not stand in the cluster, as this member knows it.
func (m *Member) missing(ctx context.Context, keys []string) ([]string, error) {
	var missing []string
	if len(keys) == 0 {
		return nil, nil
	}
	err := m.attempt(ctx, m.cluster.world.pace.Election/2, func(ctx context.Context, d Direct) error {
		for _, key := range keys {
			resp, err := d.Get(ctx, key, clientv3.WithCountOnly(), clientv3.WithSerializable())
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
