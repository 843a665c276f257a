package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// AddMember makes a new member join the cluster. It is over when the member serves.
func AddMember(c *harness.Cluster) harness.Fault {
	return action{
		name: "AddMember", args: []any{c}, scope: record.Scope{Cluster: c.Name()},
		begin: func(ctx context.Context, _ *harness.World) (func(context.Context) error, error) {
			_, err := c.AddMember(ctx)
			return nil, err
		},
	}
}
