package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var blackhole = &kind{
	name: "Blackhole", takes: onMember,
	about: "everything between the member and its clients is lost; connections stay open",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  noClients(on.member),
			Allowance: allow("silent member", w.Bounds().SilentMember()),
		}, mustRun(on.member)
	},
}

// Blackhole stops everything between a member and its clients: open connections stay open, new ones are neither accepted nor refused. The
// member and its peers still reach each other.
func Blackhole(m harness.Referrer) Fault { return blackhole.on(m) }

// noClients are the switches that hold all traffic between a member and its clients.
func noClients(m *harness.Member) []harness.Switch {
	return throw(m, hold, point.ClientAccept, point.ClientRead, point.ClientWrite)
}
