package fault

import "github.com/stormwatch/stormwatch/harness"

// PartitionOneWay loses all raft traffic from the members of one group to those of another. The opposite direction goes on: the
// first group still hears the second and is not heard by it.
func PartitionOneWay(from, to []*harness.Member) harness.Fault {
	if err := twoGroups(from, to); err != nil {
		return wrong("PartitionOneWay", err, group(from), group(to))
	}
	f := switches{name: "PartitionOneWay", args: []any{group(from), group(to)}}
	for _, a := range from {
		for _, b := range to {
			f = f.cut(a, b)
		}
	}
	return f
}
