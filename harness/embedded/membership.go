package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
)

// Add makes a new member one of the cluster's and starts it. etcd takes no new member until all others were connected for five seconds;
// Add tries again until it does, or ctx ends.
func (c *cluster) Add(ctx context.Context, name string) error {
	if _, err := c.find(name); err == nil {
		return fmt.Errorf("cluster %s has a member %s already", c.name, name)
	}
	m, err := newMember(c, name)
	if err != nil {
		return err
	}
	now := time.Now()
	as := m.as(&now)
	m.id = as.ID
	err = c.reconfigure(ctx, func(ctx context.Context, s *etcdserver.EtcdServer) error {
		_, err := s.AddMember(ctx, *as)
		if errors.Is(err, membership.ErrIDExists) {
			return nil // an attempt that timed out was carried out
		}
		return err
	})
	if err != nil {
		m.close()
		return fmt.Errorf("add member %s/%s: %w", c.name, name, err)
	}
	c.awaitKnown(ctx, as.ID)
	c.join(m)
	return m.start(ctx, embed.ClusterStateFlagExisting)
}

// awaitKnown gives the members two elections' time to apply an addition that the leader has applied. The newcomer asks one of them who
// belongs to the cluster, and does not start if it is not among those; one that cannot apply anything would hold it up for ever.
func (c *cluster) awaitKnown(ctx context.Context, id types.ID) {
	ctx, cancel := context.WithTimeout(ctx, 2*c.env.Timing.Election)
	defer cancel()
	ticker := time.NewTicker(c.env.Timing.Observe)
	defer ticker.Stop()
	for _, m := range c.all() {
		for s := m.Server(); s != nil && s.Cluster().Member(id) == nil; {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}
}

// Remove takes a member out of the cluster, stops it and removes its data.
func (c *cluster) Remove(ctx context.Context, name string) error {
	m, err := c.find(name)
	if err != nil {
		return err
	}
	err = c.reconfigure(ctx, func(ctx context.Context, s *etcdserver.EtcdServer) error {
		_, err := s.RemoveMember(ctx, uint64(m.id))
		if errors.Is(err, membership.ErrIDRemoved) {
			return nil // an attempt that timed out was carried out
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("remove member %s/%s: %w", c.name, name, err)
	}
	c.mu.Lock()
	c.members = slices.DeleteFunc(c.members, func(o *member) bool { return o == m })
	c.mu.Unlock()
	m.close()
	return os.RemoveAll(filepath.Join(c.env.Dir, m.name))
}

// reconfigure asks the leader for a change until it is made. Each attempt has an election's time.
func (c *cluster) reconfigure(ctx context.Context, change func(context.Context, *etcdserver.EtcdServer) error) error {
	for {
		err := errors.New("no member leads")
		for _, m := range c.all() {
			if s := m.Server(); s != nil && s.Leader() == s.MemberID() {
				attempt, cancel := context.WithTimeout(ctx, 2*c.env.Timing.Election)
				err = change(attempt, s)
				cancel()
			}
		}
		if err == nil {
			return nil
		}
		timer := time.NewTimer(c.env.Timing.Heartbeat)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(ctx.Err(), err)
		}
	}
}
