package fault

import (
	"context"
	"fmt"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var removeMember = &kind{
	name: "RemoveMember", takes: onMember, once: true,
	about: "the member is removed from its cluster and stopped; its data are deleted",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		only := []string{on.member.Name()}
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.member.Cluster().Name(), Members: only, Unreachable: only, Silenced: only, Lagging: only},
			Allowance: lost(w, on.member),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				ctx, cancel := context.WithTimeout(ctx, membershipPatience(w))
				defer cancel()
				return nil, on.member.Cluster().RemoveMember(ctx, on.member)
			},
		}, mustLeaveOthers(w, on.member)
	},
}

// RemoveMember removes a member from its cluster, stops it and deletes its data. The fault ends when the member has stopped.
func RemoveMember(m harness.Referrer) Fault { return removeMember.on(m) }

// mustLeaveOthers returns an error if the cluster could not commit the removal of the member, or would have no members left.
func mustLeaveOthers(w *harness.World, m *harness.Member) error {
	if len(peers(m)) == 0 {
		return fmt.Errorf("%s is the only member of its cluster", m)
	}
	return mustDecide(w, m.Cluster(), nil, []string{m.Name()})
}
