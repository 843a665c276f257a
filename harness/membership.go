package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/bound"
)

// Membership changes the member list of a cluster in the same way on every engine: through the members' direct clients, as etcdctl would. Engines
// use it, and start and stop the members themselves.
type Membership struct {
	Members Members
	// Names are the members that belong to the cluster now.
	Names  []string
	Timing bound.Timing
	// Before is the id that a member had which is announced again with the same peer URL; zero if the member is new. Others may still list it.
	Before uint64
}

// Joined is what a new member must know before it starts: its own id and that of the cluster.
type Joined struct{ ID, ClusterID uint64 }

// Announce adds a new member with this peer URL, which no other member may have, to the member list. The new member asks one of the others for that
// list when it starts. So Announce blocks until every running member lists it, but no longer than two election timeouts for that. etcd refuses a new
// member until all members have been connected for five seconds; Announce tries again until etcd accepts it, or ctx ends.
func (m Membership) Announce(ctx context.Context, peerURL string) (Joined, error) {
	var joined Joined
	err := m.change(ctx, "", func(ctx context.Context, d Direct) error {
		resp, err := d.MemberAdd(ctx, []string{peerURL})
		if err == nil {
			joined = Joined{ID: resp.Member.GetID(), ClusterID: resp.Header.GetClusterId()}
			return nil
		}
		// An attempt that timed out may have been carried out. Then the cluster may have no quorum until the new member runs, so this read must
		// not need one.
		if found, notFound := m.find(ctx, d, peerURL); notFound == nil {
			joined = found
			return nil
		}
		return err
	})
	if err != nil {
		return Joined{}, err
	}
	m.awaitKnown(ctx, joined.ID)
	return joined, nil
}

// Expel removes the member of this name and id from the member list. It asks the other members, and blocks until one has done it or ctx ends.
func (m Membership) Expel(ctx context.Context, name string, id uint64) error {
	return m.change(ctx, name, func(ctx context.Context, d Direct) error {
		_, err := d.MemberRemove(ctx, id)
		if errors.Is(err, rpctypes.ErrMemberNotFound) {
			return nil // an attempt that timed out was carried out
		}
		return err
	})
}

// change asks the running members, except one that is leaving, until one has carried out the change or ctx ends. It asks members that believe that
// they lead first. Each attempt has a timeout of two election timeouts, since a member may be hung.
func (m Membership) change(ctx context.Context, leaving string, ask func(context.Context, Direct) error) error {
	err := errors.New("no other member runs")
	ticker := time.NewTicker(m.Timing.Heartbeat)
	defer ticker.Stop()
	for {
		for _, name := range m.inOrder(leaving) {
			direct, down := m.Members.Direct(name)
			if down != nil {
				continue
			}
			attempt, cancel := context.WithTimeout(ctx, 2*m.Timing.Election)
			err = ask(attempt, direct)
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

// inOrder returns the members to ask, without the one that is leaving: first those that believe that they lead, then the others.
func (m Membership) inOrder(leaving string) []string {
	var leaders, others []string
	for _, name := range m.Names {
		switch {
		case name == leaving:
		case m.Members.Status(name).Leads():
			leaders = append(leaders, name)
		default:
			others = append(others, name)
		}
	}
	return append(leaders, others...)
}

// awaitKnown waits until every member lists the new one. A member that cannot apply anything would delay it for ever, so it waits for two election
// timeouts at most.
func (m Membership) awaitKnown(ctx context.Context, id uint64) {
	ctx, cancel := context.WithTimeout(ctx, 2*m.Timing.Election)
	defer cancel()
	ticker := time.NewTicker(m.Timing.Observe)
	defer ticker.Stop()
	for _, name := range m.Names {
		for !m.knows(ctx, name, id) {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}
}

// knows says whether a member lists the member with this id. It is true for a member that is down, since we need not wait for that.
func (m Membership) knows(ctx context.Context, name string, id uint64) bool {
	direct, err := m.Members.Direct(name)
	if err != nil {
		return true
	}
	list, err := direct.MemberList(ctx, clientv3.WithSerializable())
	return err == nil && slices.ContainsFunc(list.Members, func(o *pb.Member) bool { return o.GetID() == id })
}

// find looks up the new member by its peer URL.
func (m Membership) find(ctx context.Context, d Direct, peerURL string) (Joined, error) {
	list, err := d.MemberList(ctx, clientv3.WithSerializable())
	if err != nil {
		return Joined{}, err
	}
	for _, o := range list.Members {
		if o.GetID() != m.Before && slices.Contains(o.GetPeerURLs(), peerURL) {
			return Joined{ID: o.GetID(), ClusterID: list.Header.GetClusterId()}, nil
		}
	}
	return Joined{}, fmt.Errorf("no member has the peer URL %s", peerURL)
}
