package fault

import (
	"context"
	"fmt"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var moveLeader = &kind{
	name: "MoveLeader", takes: onMember, once: true,
	about: "the cluster's leader transfers its leadership to the member; there is nothing to heal",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		if err := mustRun(on.member); err != nil {
			return harness.Plan{}, err
		}
		leader, err := w.Resolve(harness.Ref{Cluster: on.member.Cluster().Name(), Member: harness.RoleLeader})
		if err != nil {
			return harness.Plan{}, err
		}
		if leader == on.member {
			return harness.Plan{}, fmt.Errorf("%s leads already", leader)
		}
		return harness.Plan{
			Scope:     record.Scope{Cluster: leader.Cluster().Name(), Members: []string{leader.Name(), on.member.Name()}},
			Allowance: lost(w, leader),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				ctx, cancel := context.WithTimeout(ctx, w.Bounds().Election())
				defer cancel()
				from, err := leader.Direct()
				if err != nil {
					return nil, err
				}
				if _, err := from.MoveLeader(ctx, on.member.Status().ID); err != nil {
					return nil, fmt.Errorf("from %s: %w", leader, err)
				}
				return nil, nil
			},
		}, nil
	},
}

// MoveLeader makes a cluster's leader transfer its leadership to a member. There is nothing to heal: the new leader stays.
func MoveLeader(to harness.Referrer) Fault { return moveLeader.on(to) }
