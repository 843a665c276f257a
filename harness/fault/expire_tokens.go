package fault

import (
	"context"
	"errors"
	"fmt"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var expireTokens = &kind{
	name: "ExpireTokens", takes: onCluster, once: true, auth: true,
	about: "the tokens that the manager has got from the members are valid no more, its password still is; over at once",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.cluster.Name()},
			Allowance: allow("lost member", w.Bounds().LostMember()),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				ctx, cancel := context.WithTimeout(ctx, w.Bounds().LostLeader())
				defer cancel()
				return nil, on.cluster.ExpireTokens(ctx)
			},
		}, errors.Join(mustHaveUsers(on.cluster), mustCommit(w, on.cluster))
	},
}

// ExpireTokens makes every token of the manager's invalid on all members at once, as when a token is not used for its TTL, or the members lose their
// tokens. Watches that are open go on; a request with such a token is refused, and so is a further watch on a stream that was opened with one.
func ExpireTokens(c *harness.Cluster) Fault { return expireTokens.in(c) }

// mustHaveUsers returns an error if a cluster has no users.
func mustHaveUsers(c *harness.Cluster) error {
	if !c.Auth() {
		return fmt.Errorf("cluster %s has no users", c)
	}
	return nil
}
