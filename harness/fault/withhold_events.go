package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var withholdEvents = &kind{
	name: "WithholdEvents", takes: onMember,
	about: "events of watches on the member are held back; progress requests are still answered",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, hold, point.WatchEvent),
			Allowance: allow("stale member", w.Bounds().StaleMember()),
		}, mustRun(on.member)
	},
}

// WithholdEvents holds back the events of the watches on a member until it is healed. Progress requests are still answered, and the
// responses overtake the events (etcd itself once did this, in issue 15220).
func WithholdEvents(m harness.Referrer) Fault { return withholdEvents.on(m) }
