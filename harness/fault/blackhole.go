package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var blackhole = &kind{
	name: "Blackhole", takes: onMember,
	about: "everything between the member and its clients vanishes; connections stay open",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  noClients(on.member),
			Allowance: allow("silent member", w.Bounds().SilentMember()),
		}, mustRun(on.member)
	},
}

// Blackhole swallows everything between a member and its clients: connections stay open, new ones are never answered, nothing is
// refused. Its peers still reach the member.
func Blackhole(m harness.Referrer) Fault { return blackhole.on(m) }

// noClients are the switches that hold whatever a member and its clients tell each other.
func noClients(m *harness.Member) []harness.Switch {
	return throw(m, hold, point.ClientAccept, point.ClientRead, point.ClientWrite)
}
