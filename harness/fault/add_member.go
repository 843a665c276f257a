package fault

import (
	"context"
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var addMember = &kind{
	name: "AddMember", takes: onCluster, once: true,
	about: "a new member joins the cluster; over when it serves",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.cluster.Name()},
			Allowance: allow("lost leader", w.Bounds().LostLeader()),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				return nil, serving(ctx, w, on.cluster, membershipPatience(w), func(ctx context.Context) error {
					_, err := on.cluster.AddMember(ctx)
					return err
				})
			},
		}, mustDecide(w, on.cluster, []string{"newcomer"}, nil)
	},
}

// membershipPatience is how long a change of a cluster's members is tried. etcd refuses it until all members have been connected for five
// seconds. Then the change is committed, which may take an election, and the new member serves, which may take another one.
func membershipPatience(w *harness.World) time.Duration {
	return 5*time.Second + 2*w.Bounds().Election()
}

// mustDecide refuses to change who belongs to a cluster that has lost its quorum, or would lose it by the change: nobody would know whether
// the change was carried out.
func mustDecide(w *harness.World, c *harness.Cluster, joined, left []string) error {
	switch {
	case w.Lost(c, record.LostQuorum):
		return fmt.Errorf("cluster %s has lost its quorum and cannot change its members", c)
	case !w.QuorumAfter(c, joined, left):
		return fmt.Errorf("cluster %s would lose its quorum if its members changed", c)
	}
	return nil
}

// AddMember adds a new member to the cluster. The fault ends when the member serves.
func AddMember(c *harness.Cluster) Fault { return addMember.in(c) }
