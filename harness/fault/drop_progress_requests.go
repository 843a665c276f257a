package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var dropProgressRequests = &kind{
	name: "DropProgressRequests", takes: onMember,
	about: "progress requests of watches on the member are lost on their way to it",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches: throw(on.member, drop, point.ProgressRequest), Allowance: unanswered(w),
		}, mustRun(on.member)
	},
}

// DropProgressRequests drops every progress request of a watch on a member, so that the member does not receive it.
func DropProgressRequests(m harness.Referrer) Fault { return dropProgressRequests.on(m) }
