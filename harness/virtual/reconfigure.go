package virtual

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"google.golang.org/protobuf/proto"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/inprocess"
)

// Add adds a new member to the cluster, through a member that runs, and blocks until the new one serves.
func (c *cluster) Add(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	release, err := c.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	if c.member(name) != nil {
		return fmt.Errorf("cluster %s has a member %q already", c.name, name)
	}
	return c.add(ctx, name, 0)
}

// add is Add. before is the id that the member had if it is added again, else zero. The caller holds c.changing.
func (c *cluster) add(ctx context.Context, name string, before types.ID) error {
	m, err := c.announce(ctx, name, before)
	if err != nil {
		return fmt.Errorf("cluster %s: add member %s: %w", c.name, name, err)
	}
	r, err := m.begin(ctx, existing)
	if err != nil {
		return err
	}
	return r.awaitServing(ctx)
}

// announce adds the member to the cluster's membership and creates the data with which the member starts.
func (c *cluster) announce(ctx context.Context, name string, before types.ID) (*member, error) {
	members := c.membership()
	members.Before = uint64(before)
	joined, err := members.Announce(ctx, c.peerURL(name))
	if err != nil {
		return nil, err
	}
	m := newMember(c, name, types.ID(joined.ID))
	if err := m.createLog(joined.ClusterID); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = append(c.members, m)
	return m, nil
}

// membership returns what adds and removes members. The caller holds c.changing.
func (c *cluster) membership() harness.Membership {
	var names []string
	for _, m := range c.list() {
		names = append(names, m.name)
	}
	return harness.Membership{Members: c, Names: names, Timing: c.env.Timing}
}

// createLog creates the empty raft log with which a joining member starts. etcd would first ask its peers for the member list and then
// create the same log, but it would ask them over the real network, through a round tripper that is not replaced yet. The member learns
// the member list from the leader instead, as a member that lags behind does.
func (m *member) createLog(clusterID uint64) error {
	c := m.config(existing, m.cluster.env.Log.Named(m.name))
	if err := os.MkdirAll(c.MemberDir(), 0o700); err != nil {
		return err
	}
	metadata, err := proto.Marshal(&etcdserverpb.Metadata{NodeID: proto.Uint64(uint64(m.id)), ClusterID: proto.Uint64(clusterID)})
	if err != nil {
		return err
	}
	log, err := wal.Create(c.Logger, c.WALDir(), metadata)
	if err != nil {
		return fmt.Errorf("member %s: create its log: %w", m, err)
	}
	return log.Close()
}

// Remove takes a member out of the cluster, through one that runs, stops it and deletes its data.
func (c *cluster) Remove(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	release, err := c.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	return c.remove(ctx, name)
}

// Wipe removes the member from the cluster, stops it, deletes its data and adds it again under its name and addresses.
func (c *cluster) Wipe(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	release, err := c.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	m, err := c.known(name)
	if err != nil {
		return err
	}
	if err := c.remove(ctx, name); err != nil {
		return err
	}
	return c.add(ctx, name, m.id)
}

// Restore replaces the data of all members by a backup, and starts them. They have the ids of founding members then.
func (c *cluster) Restore(ctx context.Context, backup string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	release, err := c.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	restored := make([]*member, 0, len(c.list()))
	var data []inprocess.DataDir
	for _, m := range c.list() {
		if m.current.Load() != nil {
			return fmt.Errorf("restore cluster %s: member %s runs", c.name, m)
		}
		id, err := inprocess.FounderID(m.name, c.peerURL(m.name), c.name)
		if err != nil {
			return err
		}
		again := newMember(c, m.name, id)
		again.misadvertises.Store(m.misadvertises.Load())
		restored = append(restored, again)
		data = append(data, inprocess.DataDir{Name: m.name, Path: c.dataDir(m.name), PeerURL: c.peerURL(m.name)})
	}
	if err := inprocess.Restore(c.env.Log, backup, c.name, data); err != nil {
		return fmt.Errorf("cluster %s: %w", c.name, err)
	}
	c.mu.Lock()
	for _, w := range c.wires {
		w.Forget()
	}
	c.members = restored
	c.mu.Unlock()
	runs, err := c.beginAll(ctx, existing)
	errs := []error{err}
	for _, r := range runs {
		errs = append(errs, r.awaitServing(ctx))
	}
	return errors.Join(errs...)
}

// remove is Remove. The caller holds c.changing.
func (c *cluster) remove(ctx context.Context, name string) error {
	m, err := c.known(name)
	if err != nil {
		return err
	}
	err = c.membership().Expel(ctx, name, uint64(m.id))
	if err != nil {
		return fmt.Errorf("cluster %s: remove member %s: %w", c.name, name, err)
	}
	if err := m.kill(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	c.members = slices.DeleteFunc(c.members, func(o *member) bool { return o == m })
	c.mu.Unlock()
	return os.RemoveAll(c.dataDir(name))
}

// hold blocks until no other goroutine adds or removes a member, and keeps others from it until release is called.
func (c *cluster) hold(ctx context.Context) (release func(), err error) {
	select {
	case c.changing <- struct{}{}:
		return func() { <-c.changing }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("cluster %s is still adding or removing a member: %w", c.name, ctx.Err())
	}
}
