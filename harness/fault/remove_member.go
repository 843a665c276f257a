package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var removeMember = &kind{
	name: "RemoveMember", takes: onMember,
	about: "the member is taken out of its cluster and stopped; its data are gone",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		only := []string{on.member.Name()}
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.member.Cluster().Name(), Members: only, Unreachable: only, Silenced: only, Lagging: only},
			Allowance: lost(w, on.member),
			Once:      true,
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				return nil, on.member.Cluster().RemoveMember(ctx, on.member)
			},
		}, nil
	},
}

// RemoveMember takes a member out of its cluster and stops it; its data are gone. It is over when nothing of it runs.
func RemoveMember(m harness.Referrer) Fault { return removeMember.on(m) }
