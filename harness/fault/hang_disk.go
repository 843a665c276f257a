package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

// HangDisk keeps everything from a member's raft log: its disk completes no write. The member's raft loop stands still with it, so
// that a leader goes on calling itself one, whatever the others elect (the PD incident of May 2026).
func HangDisk(m *harness.Member) harness.Fault {
	return switches{
		name: "HangDisk", args: []any{m}, needs: []*harness.Member{m},
		scope:  crippled(m),
		throws: []throw{{m.Point(point.WALSave), point.Decision{Kind: point.Hang}}},
	}
}
