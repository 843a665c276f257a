package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

// DropProgressRequests loses every progress request of a watch before the member sees it. Events still arrive.
func DropProgressRequests(m *harness.Member) harness.Fault {
	return switches{
		name: "DropProgressRequests", args: []any{m}, needs: []*harness.Member{m},
		scope:  silent(only(m)),
		throws: []throw{{m.Point(point.ProgressRequest), point.Decision{Kind: point.Drop}}},
	}
}
