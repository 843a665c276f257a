package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var reset = &kind{
	name: "Reset", takes: onMember,
	about: "the member's client connections are cut with a TCP reset, and so is each new one",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, point.Decision{Kind: point.Reset}, point.ClientAccept, point.ClientRead, point.ClientWrite),
			Allowance: allow("lost member", w.Bounds().LostMember()),
			// The switches act when data are sent, so idle connections are cut here.
			Do: func(context.Context) (func(context.Context) error, error) {
				on.member.CutClients()
				return nil, nil
			},
		}, mustRun(on.member)
	},
}

// Reset cuts a member's client connections with a TCP reset, and each new connection too until it is healed.
func Reset(m harness.Referrer) Fault { return reset.on(m) }
