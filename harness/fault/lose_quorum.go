package fault

import (
	"context"
	"errors"
	"slices"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var loseQuorum = &kind{
	name: "LoseQuorum", takes: onCluster,
	about: "so many members are killed, followers first, that the cluster has no quorum; healing restarts them",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.cluster.Name()},
			Allowance: allow("lost leader", w.Bounds().LostLeader()),
			Do: func(context.Context) (func(context.Context) error, error) {
				var kills []*harness.Injection
				restart := func(context.Context) error {
					var errs []error
					for _, k := range slices.Backward(kills) {
						errs = append(errs, k.End())
					}
					return errors.Join(errs...)
				}
				for _, m := range surplus(on.cluster) {
					kill, err := w.Begin(Kill(m))
					if err != nil {
						return restart, err
					}
					kills = append(kills, kill)
				}
				return restart, nil
			},
		}, mustCommit(w, on.cluster)
	},
}

// LoseQuorum kills just so many members of a cluster that the others are no majority. It kills followers first, so that a leader stays
// alone and goes on leading until it notices. Healing restarts them, the one that was killed last first. Each kill is a fault of its own on
// the record.
func LoseQuorum(c *harness.Cluster) Fault { return loseQuorum.in(c) }

// surplus are the running members of a cluster, those that do not lead first, without as many as are too few for a majority.
func surplus(c *harness.Cluster) []*harness.Member {
	all := c.Members()
	var leaders, others []*harness.Member
	for _, m := range all {
		switch {
		case !m.Status().Up:
		case m.Leads():
			leaders = append(leaders, m)
		default:
			others = append(others, m)
		}
	}
	running := append(others, leaders...)
	return running[:len(running)-len(all)/2]
}
