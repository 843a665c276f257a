package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var dropAnswer = &kind{
	name: "DropAnswer", takes: onMethod,
	about: "the member carries out the method's requests, and its answers are lost",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, drop, point.Unary(on.method)),
			Allowance: allow("silent member", w.Bounds().SilentMember()),
		}, mustRun(on.member)
	},
}

// DropAnswer loses the answers of a member to the requests of one of etcd's gRPC methods, such as "Txn", after the member has carried them
// out. The caller waits until its own deadline and does not know whether its write took effect.
func DropAnswer(m harness.Referrer, method string) Fault { return dropAnswer.method(m, method) }
