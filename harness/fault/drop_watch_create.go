package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var dropWatchCreate = &kind{
	name: "DropWatchCreate", takes: onMember,
	about: "requests to create a watch on the member are never answered; open watches go on",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, drop, point.WatchCreate),
			Allowance: allow("lost member", w.Bounds().LostMember()),
		}, mustRun(on.member)
	},
}

// DropWatchCreate drops every request to create a watch on a member, so that it is never answered. Watches that are open go on, and so does
// everything else. A client that keeps its watches on one gRPC stream creates them one after another, so that all later ones wait too.
func DropWatchCreate(m harness.Referrer) Fault { return dropWatchCreate.on(m) }
