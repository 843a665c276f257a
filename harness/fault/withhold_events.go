package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var withholdEvents = &kind{
	name: "WithholdEvents", takes: onMember,
	about: "events of watches on the member are held back; progress is answered all the while",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, hold, point.WatchEvent),
			Allowance: allow("stale member", w.Bounds().StaleMember()),
		}, mustRun(on.member)
	},
}

// WithholdEvents holds the events of watches on the member back until it is healed. Progress is answered all the while, ahead of
// them (etcd issue 15220 did that by itself).
func WithholdEvents(m harness.Referrer) Fault { return withholdEvents.on(m) }
