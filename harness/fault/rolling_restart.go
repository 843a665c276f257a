package fault

import (
	"context"
	"fmt"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var rollingRestart = &kind{
	name: "RollingRestart", takes: onCluster, once: true,
	about: "the members are restarted one after another, each when the one before serves again; over when the last does",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.cluster.Name()},
			Allowance: allow("lost leader", w.Bounds().LostLeader()),
			Do: func(context.Context) (func(context.Context) error, error) {
				for _, m := range on.cluster.Members() {
					// Each restart is a fault of its own, so that what it affects is on record for as long as it lasts.
					if _, err := w.Begin(Restart(m)); err != nil {
						return nil, err
					}
					if !m.Status().Up {
						return nil, fmt.Errorf("%s does not serve again, so that no further member is restarted", m)
					}
					if _, err := w.Resolve(harness.Ref{Cluster: on.cluster.Name(), Member: harness.RoleLeader}); err != nil {
						return nil, err
					}
				}
				return nil, nil
			},
		}, mustRun(on.cluster.Members()...)
	},
}

// RollingRestart restarts all members of a cluster, one after another, as an upgrade does. The next member is restarted as soon as the one
// before serves and the cluster has a leader. Each restart is a fault of its own on the record.
func RollingRestart(c *harness.Cluster) Fault { return rollingRestart.in(c) }
