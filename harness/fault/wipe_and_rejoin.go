package fault

import (
	"context"
	"errors"
	"fmt"

	"github.com/stormwatch/stormwatch/harness"
)

var wipeAndRejoin = &kind{
	name: "WipeAndRejoin", takes: onMember, once: true,
	about: "the member loses its disk: it is removed, and added again under its name with no data; over when it serves",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     down(on.member),
			Allowance: lost(w, on.member),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				err := serving(ctx, w, on.member, 2*membershipPatience(w), on.member.Wipe)
				if err != nil && !errors.Is(err, context.Canceled) {
					w.Abort(fmt.Errorf("nobody knows whether %s belongs to its cluster: %w", on.member, err))
				}
				return nil, err
			},
		}, mustLeaveOthers(w, on.member)
	},
}

// WipeAndRejoin replaces a member that has lost its disk: the member is removed from its cluster and stopped, its data are deleted, and it
// is added again under its name and addresses. It has another id then, and gets its data from the others. The fault ends when it serves.
func WipeAndRejoin(m harness.Referrer) Fault { return wipeAndRejoin.on(m) }
