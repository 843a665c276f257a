package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

var dropProgress = &kind{
	name: "DropProgress", takes: onMember,
	about: "answers to the progress requests of watches on the member are lost; events still arrive",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches: throw(on.member, drop, point.ProgressResponse), Allowance: unanswered(w),
		}, mustRun(on.member)
	},
}

// DropProgress drops every response to a progress request of a watch on a member. Events still arrive.
func DropProgress(m harness.Referrer) Fault { return dropProgress.on(m) }

// unanswered is the allowance of a fault that only an idle timeout notices, while there are no updates: an update may come while the manager
// moves to another member.
func unanswered(w *harness.World) record.Allowance {
	return allow("idle timeout", w.Timing().IdleTimeout+w.Bounds().LostMember())
}
