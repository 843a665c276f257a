package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var loseLease = &kind{
	name: "LoseLease", takes: onCluster, once: true,
	about: "the manager's leases in the cluster are revoked, and their keys deleted; over at once",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.cluster.Name(), Revokes: true},
			Allowance: untouched(w),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				ctx, cancel := context.WithTimeout(ctx, w.Bounds().LostLeader())
				defer cancel()
				return nil, on.cluster.LoseLeases(ctx)
			},
		}, mustCommit(w, on.cluster)
	},
}

// LoseLease revokes every lease in the cluster that is not the workload's, and so deletes the keys under it: as if the lease had expired
// while its owner was paused. The owner is not told.
func LoseLease(c *harness.Cluster) Fault { return loseLease.in(c) }
