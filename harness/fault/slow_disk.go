package fault

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

// SlowDisk makes each write to a member's raft log take delay longer.
func SlowDisk(m *harness.Member, delay time.Duration) harness.Fault {
	return switches{
		name: "SlowDisk", args: []any{m, delay}, needs: []*harness.Member{m},
		scope:  only(m),
		throws: []throw{{m.Point(point.WALSave), point.Decision{Kind: point.Delay, Delay: delay}}},
	}
}
