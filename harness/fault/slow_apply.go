package fault

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

// SlowApply makes a member wait before it applies committed entries: a slow backend, a defragmentation, a long compaction. In virtual time
// each entry waits for delay, on embedded etcd for up to delay. The member goes on in raft, and leads on if it leads.
func SlowApply(m *harness.Member, delay time.Duration) harness.Fault {
	return switches{
		name: "SlowApply", args: []any{m, delay}, needs: []*harness.Member{m},
		scope:  only(m),
		throws: []throw{{m.Point(point.Apply), point.Decision{Kind: point.Delay, Delay: delay}}},
	}
}

// HangApply is [SlowApply] until it is healed.
func HangApply(m *harness.Member) harness.Fault {
	return switches{
		name: "HangApply", args: []any{m}, needs: []*harness.Member{m},
		scope:  only(m),
		throws: []throw{{m.Point(point.Apply), point.Decision{Kind: point.Hang}}},
	}
}
