package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
)

// Restart kills a member and starts it again on the data it had, at once. It is over when the member serves again.
func Restart(m *harness.Member) harness.Fault {
	return action{
		name: "Restart", args: []any{m}, scope: silent(crippled(m)),
		begin: func(ctx context.Context, _ *harness.World) (func(context.Context) error, error) {
			if err := mustRun(m); err != nil {
				return nil, err
			}
			if err := m.Kill(ctx); err != nil {
				return nil, err
			}
			return nil, m.Restart(ctx)
		},
	}
}
