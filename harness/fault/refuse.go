package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var refuse = &kind{
	name: "Refuse", takes: onMember,
	about: "new client connections to the member are refused; those that are open stay",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, point.Decision{Kind: point.Refuse}, point.ClientAccept),
			Allowance: allow("lost member", w.Bounds().LostMember()),
		}, mustRun(on.member)
	},
}

// Refuse makes a member refuse new client connections. Connections that are open stay open.
func Refuse(m harness.Referrer) Fault { return refuse.on(m) }
