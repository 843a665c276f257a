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

// Membership changes who belongs to a cluster, the same way on every engine: through the members' direct clients, as etcdctl would. Engines
// use it; starting and stopping the members is theirs.
type Membership struct {
	Members Members
	// Names are the members that belong to the cluster now.
	Names  []string
	Timing bound.Timing
}

// Joined is what a newcomer must know of itself.
type Joined struct{ ID, ClusterID uint64 }

// Announce makes the cluster expect a new member with this peer URL, which no other member may have. It blocks until every member that
// runs knows of it, or has not learnt it in two elections' time: the newcomer asks one of them who belongs to the cluster.
// etcd refuses until all members were connected for five seconds; Announce tries again until it does not, or ctx ends.
func (m Membership) Announce(ctx context.Context, peerURL string) (Joined, error) {
	var joined Joined
	err := m.change(ctx, "", func(ctx context.Context, d Direct) error {
		resp, err := d.MemberAdd(ctx, []string{peerURL})
		switch {
		case err == nil:
			joined = Joined{ID: resp.Member.GetID(), ClusterID: resp.Header.GetClusterId()}
		case errors.Is(err, rpctypes.ErrPeerURLExist): // an attempt that timed out was carried out
			joined, err = find(ctx, d, peerURL)
		}
		return err
	})
	if err != nil {
		return Joined{}, err
	}
	m.awaitKnown(ctx, joined.ID)
	return joined, nil
}

// Expel makes the cluster forget a member of this name and id. It asks the others first to last, those that lead first, until
// one has done it or ctx ends.
func (m Membership) Expel(ctx context.Context, name string, id uint64) error {
	return m.change(ctx, name, func(ctx context.Context, d Direct) error {
		_, err := d.MemberRemove(ctx, id)
		if errors.Is(err, rpctypes.ErrMemberNotFound) {
			return nil // an attempt that timed out was carried out
		}
		return err
	})
}

// change asks the members that run, but for one that is leaving, those that lead first, until one has carried the change out. Each
// attempt has two elections' time, since a member may be hung.
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

// inOrder are the members to be asked: those that take themselves for the leader, then the others, and one that is leaving never.
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

// awaitKnown waits until the members know of the newcomer. One that cannot apply anything would hold it up for ever, hence the limit.
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

// knows says whether a member has applied that the one with this id belongs to the cluster, or is down, which needs no waiting.
func (m Membership) knows(ctx context.Context, name string, id uint64) bool {
	direct, err := m.Members.Direct(name)
	if err != nil {
		return true
	}
	list, err := direct.MemberList(ctx, clientv3.WithSerializable())
	return err == nil && slices.ContainsFunc(list.Members, func(o *pb.Member) bool { return o.GetID() == id })
}

// find looks up the member with a peer URL.
func find(ctx context.Context, d Direct, peerURL string) (Joined, error) {
	list, err := d.MemberList(ctx)
	if err != nil {
		return Joined{}, err
	}
	for _, o := range list.Members {
		if slices.Contains(o.GetPeerURLs(), peerURL) {
			return Joined{ID: o.GetID(), ClusterID: list.Header.GetClusterId()}, nil
		}
	}
	return Joined{}, fmt.Errorf("no member has the peer URL %s", peerURL)
}
