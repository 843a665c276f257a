package virtual

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"google.golang.org/protobuf/proto"
)

// Add makes a new member join, through one that runs, and blocks until it serves.
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
	m, err := c.announce(ctx, name)
	if err != nil {
		return fmt.Errorf("cluster %s: add member %s: %w", c.name, name, err)
	}
	l, err := m.begin(ctx, existing)
	if err != nil {
		return err
	}
	return l.awaitServing(ctx)
}

// announce tells the cluster of a member to come, and gives that what it starts with.
func (c *cluster) announce(ctx context.Context, name string) (*member, error) {
	urls, err := types.NewURLs([]string{c.peerURL(name)})
	if err != nil {
		return nil, err
	}
	joined := func(s *etcdserver.EtcdServer) types.ID {
		for _, m := range s.Cluster().Members() {
			if slices.Equal(m.PeerURLs, urls.StringSlice()) {
				return m.ID
			}
		}
		return 0
	}
	var id, clusterID types.ID
	err = c.change(ctx, nil, func(ctx context.Context, s *etcdserver.EtcdServer) error {
		clusterID = s.Cluster().ID()
		// An attempt that timed out may have been carried out.
		if id = joined(s); id != 0 {
			return nil
		}
		now := time.Now()
		_, err := s.AddMember(ctx, *membership.NewMember("", urls, "", &now))
		id = joined(s)
		return err
	})
	if err != nil {
		return nil, err
	}
	m := newMember(c, name, id)
	if err := m.beBorn(clusterID); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = append(c.members, m)
	return m, nil
}

// beBorn writes the empty raft log with which a joining member begins. etcd would ask its peers who is in the cluster and then write the
// same; but it would ask them through a round tripper that is not replaced yet, by the network. Who is in the cluster the member
// learns from the leader, as any member that has lagged behind.
func (m *member) beBorn(clusterID types.ID) error {
	c := m.config(existing)
	if err := os.MkdirAll(c.MemberDir(), 0o700); err != nil {
		return err
	}
	metadata, err := proto.Marshal(&etcdserverpb.Metadata{NodeID: proto.Uint64(uint64(m.id)), ClusterID: proto.Uint64(uint64(clusterID))})
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
	m, err := c.known(name)
	if err != nil {
		return err
	}
	err = c.change(ctx, m, func(ctx context.Context, s *etcdserver.EtcdServer) error {
		_, err := s.RemoveMember(ctx, uint64(m.id))
		if errors.Is(err, membership.ErrIDRemoved) || errors.Is(err, membership.ErrIDNotFound) {
			return nil // an earlier attempt was carried out
		}
		return err
	})
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

// hold takes the right to change who is in the cluster, once nobody else has it.
func (c *cluster) hold(ctx context.Context) (release func(), err error) {
	select {
	case c.changing <- struct{}{}:
		return func() { <-c.changing }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("cluster %s is still adding or removing a member: %w", c.name, ctx.Err())
	}
}

// change asks a member that serves, and is not the one given, to change the cluster, the leader if possible, until one has
// done it or ctx ends: etcd refuses while a peer has been heard for less than five seconds, and a member asked may be cut off.
func (c *cluster) change(ctx context.Context, not *member, ask func(context.Context, *etcdserver.EtcdServer) error) error {
	err := errors.New("no other member serves")
	ticker := time.NewTicker(c.env.Timing.Heartbeat)
	defer ticker.Stop()
	for {
		for _, s := range c.servers(not) {
			attempt, cancel := context.WithTimeout(ctx, s.Cfg.ReqTimeout())
			err = ask(attempt, s)
			cancel()
			if err == nil {
				return nil
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

// servers are those that serve, but for one member's; those that lead, or think so, first.
func (c *cluster) servers(not *member) []*etcdserver.EtcdServer {
	var leaders, followers []*etcdserver.EtcdServer
	for _, m := range c.list() {
		s := m.serving.Load()
		switch {
		case s == nil || m == not:
		case s.Leader() == s.MemberID():
			leaders = append(leaders, s)
		default:
			followers = append(followers, s)
		}
	}
	return append(leaders, followers...)
}
