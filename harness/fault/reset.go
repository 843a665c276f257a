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
			// A switch acts on data; a connection that is idle is cut by hand.
			Do: func(context.Context) (func(context.Context) error, error) {
				on.member.CutClients()
				return nil, nil
			},
		}, mustRun(on.member)
	},
}

// Reset cuts a member's client connections with a TCP reset, and goes on doing so to each new one until it is healed.
func Reset(m harness.Referrer) Fault { return reset.on(m) }
