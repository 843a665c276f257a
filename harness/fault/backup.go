package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var backup = &kind{
	name: "Backup", takes: onCluster, once: true,
	about: "a backup of the cluster is saved, for a later Restore; over when it is saved",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.cluster.Name()},
			Allowance: untouched(w),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				ctx, cancel := context.WithTimeout(ctx, w.Bounds().LostLeader())
				defer cancel()
				return nil, on.cluster.Backup(ctx)
			},
		}, mustCommit(w, on.cluster)
	},
}

// Backup saves a backup of a cluster, in place of an earlier one. It changes nothing in the cluster: it is the first half of [Restore].
func Backup(c *harness.Cluster) Fault { return backup.in(c) }
