package fault

import "github.com/stormwatch/stormwatch/harness"

var partitionOneWay = &kind{
	name: "PartitionOneWay", takes: onTwoGroups,
	about: "raft traffic from the members of one group to those of another is lost; the other direction goes on",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches: cut(on.group, on.others, false), Allowance: allow("isolated leader", w.Bounds().IsolatedLeader()),
		}, twoGroups(on)
	},
}

// PartitionOneWay loses all raft traffic from the members of one group to those of another. The opposite direction goes on: the
// first group still hears the second and is not heard by it.
func PartitionOneWay(from, to []harness.Referrer) Fault {
	return Fault{partitionOneWay, arguments{group: refsOf(from), others: refsOf(to)}}
}
