package fault

import (
	"context"
	"fmt"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var compact = &kind{
	name: "Compact", takes: onCluster, once: true,
	about: "the history of the cluster up to now is compacted: no watch can begin at an older revision; over at once",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.cluster.Name()},
			Allowance: allow("lost member", w.Bounds().LostMember()),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				ctx, cancel := context.WithTimeout(ctx, w.Bounds().LostLeader())
				defer cancel()
				return nil, on.cluster.Ask(ctx, func(ctx context.Context, d harness.Direct) error {
					now, err := d.Get(ctx, "/") // any key: only the revision counts
					if err != nil {
						return fmt.Errorf("read the revision: %w", err)
					}
					_, err = d.Compact(ctx, now.Header.Revision)
					return err
				})
			},
		}, mustCommit(w, on.cluster)
	},
}

// Compact compacts the history of a cluster up to its current revision. A watch that resumes at an older one is cancelled with an error
// that says so, and so is one that has not yet delivered older events.
func Compact(c *harness.Cluster) Fault { return compact.in(c) }
