package fault

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

// DelayWatch holds the events of watches on the member back for delay each, in order. Progress answers overtake them.
func DelayWatch(m *harness.Member, delay time.Duration) harness.Fault {
	return switches{
		name: "DelayWatch", args: []any{m, delay}, needs: []*harness.Member{m},
		scope:  only(m),
		throws: []throw{{m.Point(point.WatchEvent), point.Decision{Kind: point.Delay, Delay: delay}}},
	}
}

// WithholdEvents holds the events of watches on the member back until it is healed. Progress is answered all the while, ahead of
// them (etcd issue 15220 did that by itself).
func WithholdEvents(m *harness.Member) harness.Fault {
	return switches{
		name: "WithholdEvents", args: []any{m}, needs: []*harness.Member{m},
		scope:  only(m),
		throws: []throw{{m.Point(point.WatchEvent), point.Decision{Kind: point.Hang}}},
	}
}
