package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
)

// RemoveMember takes a member out of its cluster and stops it; its data are gone. It is over when nothing of it runs.
func RemoveMember(m *harness.Member) harness.Fault {
	return action{
		name: "RemoveMember", args: []any{m}, scope: silent(only(m)),
		begin: func(ctx context.Context, _ *harness.World) (func(context.Context) error, error) {
			return nil, m.Cluster().RemoveMember(ctx, m)
		},
	}
}
