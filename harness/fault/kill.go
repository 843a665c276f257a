package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
)

var kill = &kind{
	name: "Kill", takes: onMember,
	about: "the member's process dies; healing starts it again on the data it had",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     down(on.member),
			Allowance: lost(w, on.member),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				return on.member.Restart, on.member.Kill(ctx)
			},
		}, mustRun(on.member)
	},
}

// Kill stops a member the hard way: its connections are reset and it hands nothing over. Healing restarts it on the data it had.
func Kill(m harness.Referrer) Fault { return kill.on(m) }
