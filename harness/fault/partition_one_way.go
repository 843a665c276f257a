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

// PartitionOneWay drops all raft traffic from the members of one group to those of another. The opposite direction still works: the first
// group receives from the second, but the second does not receive from the first.
func PartitionOneWay(from, to []harness.Referrer) Fault {
	return Fault{partitionOneWay, arguments{group: refsOf(from), others: refsOf(to)}}
}
