package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var failRequest = &kind{
	name: "FailRequest", takes: onMethod,
	about: "the member refuses the method's requests with the error that they timed out, and carries out none",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, point.Decision{Kind: point.Fail}, point.Unary(on.method)),
			Allowance: allow("lost member", w.Bounds().LostMember()),
		}, mustRun(on.member)
	},
}

// FailRequest makes a member refuse the requests of one of etcd's gRPC methods, such as "Range", with the error that the request timed out. The
// member does not carry them out.
func FailRequest(m harness.Referrer, method string) Fault { return failRequest.method(m, method) }
