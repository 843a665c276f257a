package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"go.etcd.io/etcd/server/v3/embed"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/inprocess"
	"github.com/stormwatch/stormwatch/harness/link"
)

// Add adds a new member to the cluster and blocks until it serves.
func (c *cluster) Add(ctx context.Context, name string) error {
	if _, err := c.find(name); err == nil {
		return fmt.Errorf("cluster %s has a member %s already", c.name, name)
	}
	m, err := newMember(c, name)
	if err != nil {
		return err
	}
	joined, err := c.membership().Announce(ctx, m.peers.url())
	if err != nil {
		return errors.Join(fmt.Errorf("add member %s/%s: %w", c.name, name, err), m.close())
	}
	m.number.Store(joined.ID)
	c.join(m)
	return m.start(ctx, embed.ClusterStateFlagExisting)
}

// membership returns what adds and removes members.
func (c *cluster) membership() harness.Membership {
	var names []string
	for _, m := range c.all() {
		names = append(names, m.name)
	}
	return harness.Membership{Members: c, Names: names, Timing: c.env.Timing}
}

// Remove removes a member from the cluster, stops it and deletes its data.
func (c *cluster) Remove(ctx context.Context, name string) error {
	m, err := c.find(name)
	if err != nil {
		return err
	}
	if err := c.membership().Expel(ctx, name, uint64(m.id())); err != nil {
		return fmt.Errorf("remove member %s/%s: %w", c.name, name, err)
	}
	c.mu.Lock()
	c.members = slices.DeleteFunc(c.members, func(o *member) bool { return o == m })
	c.mu.Unlock()
	return errors.Join(m.close(), os.RemoveAll(m.dir()))
}

// Wipe removes a member from the cluster, stops it, deletes its data and adds it again. Its proxies, and so its addresses, stay.
func (c *cluster) Wipe(ctx context.Context, name string) error {
	m, err := c.find(name)
	if err != nil {
		return err
	}
	members := c.membership()
	members.Before = uint64(m.id())
	if err := members.Expel(ctx, name, members.Before); err != nil {
		return fmt.Errorf("remove member %s: %w", m, err)
	}
	if err := errors.Join(m.kill(), os.RemoveAll(m.dir())); err != nil {
		return fmt.Errorf("wipe member %s: %w", m, err)
	}
	joined, err := members.Announce(ctx, m.peers.url())
	if err != nil {
		return fmt.Errorf("add member %s again: %w", m, err)
	}
	c.renumber(m, joined.ID)
	return m.start(ctx, embed.ClusterStateFlagExisting)
}

// Restore replaces the data of all members by a backup, and starts them. They have the ids of founding members then. Their proxies, and so
// their addresses, stay.
func (c *cluster) Restore(ctx context.Context, backup string) error {
	members := c.all()
	var data []inprocess.DataDir
	for _, m := range members {
		if m.runs() {
			return fmt.Errorf("restore cluster %s: member %s runs", c.name, m)
		}
		data = append(data, inprocess.DataDir{Name: m.name, Path: m.dir(), PeerURL: m.peers.url()})
	}
	if err := inprocess.Restore(c.env.Log, backup, c.name, data); err != nil {
		return fmt.Errorf("cluster %s: %w", c.name, err)
	}
	c.mu.Lock()
	for _, w := range c.wires {
		w.Forget()
	}
	c.mu.Unlock()
	for _, m := range members {
		founder, err := m.founder()
		if err != nil {
			return err
		}
		if founder != m.id() {
			c.renumber(m, uint64(founder))
		}
	}
	return c.startAll(ctx, embed.ClusterStateFlagExisting)
}

// renumber gives a member that does not run another id, by which its peers tell its connections from others.
func (c *cluster) renumber(m *member, id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := m.id()
	m.number.Store(id)
	for _, other := range c.members {
		if other != m {
			other.peerLinks.forget(before)
			other.peerLinks.set(m.id(), link.BetweenPeers(c.env.Board, c.name, m.name, other.name))
		}
	}
}
