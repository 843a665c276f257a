package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var blackholeManager = &kind{
	name: "BlackholeManager", takes: onManager,
	about: "everything between one manager and the cluster is lost; connections stay open, and other managers notice nothing",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throwAtManager(on, hold, point.ClientAccept, point.ClientRead, point.ClientWrite),
			Allowance: allow("silent member", w.Bounds().SilentMember()),
		}, nil
	},
}

// BlackholeManager stops everything between one manager, by its number from 1 on, and all members of a cluster: open connections stay open, new ones
// are neither accepted nor refused. Other managers reach the cluster.
func BlackholeManager(c *harness.Cluster, manager int) Fault {
	return Fault{blackholeManager, arguments{cluster: c.Name(), manager: manager}}
}

// throwAtManager makes switches with the same decision at points of every member, for the connections of one manager.
func throwAtManager(on subjects, d point.Decision, at ...point.Name) []harness.Switch {
	var switches []harness.Switch
	for _, m := range on.cluster.Members() {
		for _, n := range at {
			switches = append(switches, throw(m, d, n.Of(on.manager))...)
		}
	}
	return switches
}
