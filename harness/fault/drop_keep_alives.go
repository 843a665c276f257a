package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var dropKeepAlives = &kind{
	name: "DropKeepAlives", takes: onMember,
	about: "requests to the member to keep a lease alive are lost; leases that are kept alive nowhere else expire",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches: throw(on.member, drop, point.LeaseKeepAlive), Allowance: untouched(w),
		}, mustRun(on.member)
	},
}

// DropKeepAlives drops every request to a member to keep a lease alive. A client that does not ask another member loses its lease when the TTL is
// over.
func DropKeepAlives(m harness.Referrer) Fault { return dropKeepAlives.on(m) }
