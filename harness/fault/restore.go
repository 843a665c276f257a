package fault

import (
	"context"
	"errors"
	"fmt"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var restore = &kind{
	name: "Restore", takes: onCluster, once: true,
	about: "all members are killed, get the data of the last Backup, and start again: the revision goes back; over when they serve",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.cluster.Name(), Revokes: true}, // a lease that the backup does not have is gone
			Allowance: allow("restored", w.Bounds().Restored()),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				var kills []*harness.Injection
				over := func(context.Context) error {
					var errs []error
					for _, k := range kills {
						errs = append(errs, k.End()) // the members run again, so this only records the end
					}
					return errors.Join(errs...)
				}
				for _, m := range on.cluster.Members() {
					if !m.Status().Up {
						continue
					}
					kill, err := w.Begin(Kill(m))
					if err != nil {
						return over, err
					}
					kills = append(kills, kill)
				}
				err := serving(ctx, w, on.cluster, 2*w.Bounds().Election(), on.cluster.Restore)
				if err != nil && !errors.Is(err, context.Canceled) {
					w.Abort(fmt.Errorf("nobody knows what data cluster %s has: %w", on.cluster, err))
				}
				return over, err
			},
		}, on.cluster.Restorable()
	},
}

// Restore stops all members of a cluster, replaces their data by the last [Backup], and starts them, also those that were down, as an operator does after
// a disaster. What was committed after the backup is undone, and the cluster's revision goes back. The cluster has the token with which it was founded,
// so a member that was there from the start has its id again, and the cluster too. Each kill is a fault of its own on the record.
func Restore(c *harness.Cluster) Fault { return restore.in(c) }
