package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var addMember = &kind{
	name: "AddMember", takes: onCluster,
	about: "a new member joins the cluster; over when it serves",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.cluster.Name()},
			Allowance: allow("lost leader", w.Bounds().LostLeader()),
			Once:      true,
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				_, err := on.cluster.AddMember(ctx)
				return nil, err
			},
		}, nil
	},
}

// AddMember makes a new member join the cluster. It is over when the member serves.
func AddMember(c *harness.Cluster) Fault { return Fault{addMember, arguments{cluster: c.Name()}} }
