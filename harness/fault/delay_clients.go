package fault

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

// DelayClients makes whatever a member and its clients tell each other arrive delay later, in each direction; what was said while
// something waited arrives with it.
func DelayClients(m *harness.Member, delay time.Duration) harness.Fault {
	d := point.Decision{Kind: point.Delay, Delay: delay}
	return switches{
		name: "DelayClients", args: []any{m, delay}, needs: []*harness.Member{m},
		scope:  only(m),
		throws: []throw{{m.Point(point.ClientRead), d}, {m.Point(point.ClientWrite), d}},
	}
}
