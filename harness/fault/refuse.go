package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

// Refuse turns new client connections to a member away. Those that are open stay.
func Refuse(m *harness.Member) harness.Fault {
	return switches{
		name: "Refuse", args: []any{m}, needs: []*harness.Member{m},
		scope:  only(m),
		throws: []throw{{m.Point(point.ClientAccept), point.Decision{Kind: point.Refuse}}},
	}
}
