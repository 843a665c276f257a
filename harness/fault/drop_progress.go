package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

// DropProgress loses every answer to a progress request of a watch on the member. Events still arrive.
func DropProgress(m *harness.Member) harness.Fault {
	return switches{
		name: "DropProgress", args: []any{m}, needs: []*harness.Member{m},
		scope:  silent(only(m)),
		throws: []throw{{m.Point(point.ProgressResponse), point.Decision{Kind: point.Drop}}},
	}
}
