package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

// Reset cuts a member's client connections with a TCP reset, and goes on doing so to each new one until it is healed.
func Reset(m *harness.Member) harness.Fault {
	return switches{
		name: "Reset", args: []any{m}, needs: []*harness.Member{m},
		scope: only(m),
		throws: []throw{
			{m.Point(point.ClientAccept), point.Decision{Kind: point.Reset}},
			{m.Point(point.ClientRead), point.Decision{Kind: point.Reset}},
			{m.Point(point.ClientWrite), point.Decision{Kind: point.Reset}},
		},
		// A switch acts on data; a connection that is idle is cut by hand.
		after: m.CutClients,
	}
}
