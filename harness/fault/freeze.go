package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

// Freeze stops everything that goes in and out of a member, peers and clients alike, without closing anything: a process that got
// SIGSTOP, a virtual machine that is being moved.
func Freeze(m *harness.Member) harness.Fault {
	f := switches{
		name: "Freeze", args: []any{m}, needs: []*harness.Member{m},
		scope:  silent(crippled(m)),
		throws: blackhole(m),
	}
	for _, p := range peers(m) {
		f.throws = append(f.throws,
			oneWay(m, p, point.Decision{Kind: point.Hang}),
			oneWay(p, m, point.Decision{Kind: point.Hang}))
	}
	return f
}
