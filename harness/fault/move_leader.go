package fault

import (
	"context"
	"fmt"

	"github.com/stormwatch/stormwatch/harness"
)

// MoveLeader makes a cluster's leader hand over to a member. There is nothing to heal: the new leader stays.
func MoveLeader(to *harness.Member) harness.Fault {
	return action{
		name: "MoveLeader", args: []any{to}, scope: only(to),
		begin: func(ctx context.Context, w *harness.World) (func(context.Context) error, error) {
			if err := mustRun(to); err != nil {
				return nil, err
			}
			leader := to.Cluster().Leader()
			if leader == to {
				return nil, fmt.Errorf("%s leads already", to)
			}
			ctx, cancel := context.WithTimeout(ctx, w.Bounds().Election())
			defer cancel()
			server := leader.Server()
			if err := server.MoveLeader(ctx, uint64(server.MemberID()), uint64(to.Server().MemberID())); err != nil {
				return nil, fmt.Errorf("from %s: %w", leader, err)
			}
			return nil, nil
		},
	}
}
