package fault

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stormwatch/stormwatch/harness"
)

var partition = &kind{
	name: "Partition", takes: onTwoGroups,
	about: "the members of one group are cut off from those of another, in both directions",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches: cut(on.group, on.others, true), Allowance: allow("isolated leader", w.Bounds().IsolatedLeader()),
		}, twoGroups(on)
	},
}

// Partition cuts the members of one group off from those of another, in both directions. Both groups are of one cluster.
func Partition(a, b []harness.Referrer) Fault {
	return Fault{partition, arguments{group: refsOf(a), others: refsOf(b)}}
}

// twoGroups returns an error unless the groups have links between them that can be cut.
func twoGroups(on subjects) error {
	if len(on.group) == 0 || len(on.others) == 0 {
		return errors.New("a group is empty: a partition needs members on both sides")
	}
	all := slices.Concat(on.group, on.others)
	for _, m := range all {
		if m.Cluster() != all[0].Cluster() {
			return fmt.Errorf("%s and %s are of two clusters: only members of one have links to cut", all[0], m)
		}
	}
	for _, m := range on.group {
		if slices.Contains(on.others, m) {
			return fmt.Errorf("%s is on both sides", m)
		}
	}
	return mustRun(all...)
}
