package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
)

var restart = &kind{
	name: "Restart", takes: onMember, once: true,
	about: "the member's process dies and starts again on its data; over when it serves",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     down(on.member),
			Allowance: lost(w, on.member),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				if err := on.member.Kill(ctx); err != nil {
					return nil, err
				}
				return nil, startAgain(ctx, w, on.member)
			},
		}, mustRun(on.member)
	},
}

// Restart kills a member and at once starts it again on its data. The fault ends when the member serves again.
func Restart(m harness.Referrer) Fault { return restart.on(m) }
