package fault

import "github.com/stormwatch/stormwatch/harness"

var isolate = &kind{
	name: "Isolate", takes: onMember,
	about: "the member is cut off from all its peers, in both directions; clients still reach it",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		others := peers(on.member)
		return harness.Plan{
			Switches: cut([]*harness.Member{on.member}, others, true), Allowance: cutOff(w, on.member),
		}, mustRun(append(others, on.member)...)
	},
}

// Isolate cuts a member off from all its peers, in both directions. Clients still reach it.
func Isolate(m harness.Referrer) Fault { return isolate.on(m) }

// cut makes the switches that drop all raft traffic from one group to another, and, if back is set, in the other direction too.
func cut(from, to []*harness.Member, back bool) []harness.Switch {
	var switches []harness.Switch
	for _, a := range from {
		for _, b := range to {
			switches = append(switches, between(a, b, drop)...)
			if back {
				switches = append(switches, between(b, a, drop)...)
			}
		}
	}
	return switches
}
