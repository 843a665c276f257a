package fault

import (
	"context"
	"errors"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var disableAuth = &kind{
	name: "DisableAuth", takes: onCluster, auth: true,
	about: "authentication is off: all tokens are lost, and none is needed; healing turns it on again, while watches without a token are open",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		change := func(ctx context.Context, to func(context.Context) error) error {
			ctx, cancel := context.WithTimeout(ctx, w.Bounds().LostLeader())
			defer cancel()
			return to(ctx)
		}
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.cluster.Name()},
			Allowance: allow("lost member", w.Bounds().LostMember()),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				undo := func(ctx context.Context) error {
					whenPossible(ctx, w, "enables authentication in "+on.cluster.Name(), func(ctx context.Context) error {
						return change(ctx, on.cluster.EnableAuth)
					})
					return nil
				}
				return undo, change(ctx, on.cluster.DisableAuth)
			},
		}, errors.Join(mustHaveUsers(on.cluster), mustCommit(w, on.cluster))
	},
}

// DisableAuth turns the authentication of a cluster off, and healing turns it on. A client that has a password, but came while it was off, has no token
// then, and must notice that it needs one.
func DisableAuth(c *harness.Cluster) Fault { return disableAuth.in(c) }
