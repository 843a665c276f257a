package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
)

// Kill stops a member the hard way: its connections are reset and it hands nothing over. Healing restarts it on the data it had.
func Kill(m *harness.Member) harness.Fault {
	return action{
		name: "Kill", args: []any{m}, scope: silent(crippled(m)),
		begin: func(ctx context.Context, _ *harness.World) (func(context.Context) error, error) {
			if err := mustRun(m); err != nil {
				return nil, err
			}
			return m.Restart, m.Kill(ctx)
		},
	}
}
