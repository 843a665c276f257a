package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

// Blackhole swallows everything between a member and its clients: connections stay open, new ones are never answered, nothing is
// refused. Its peers still reach the member.
func Blackhole(m *harness.Member) harness.Fault {
	return switches{
		name: "Blackhole", args: []any{m}, needs: []*harness.Member{m},
		scope:  silent(only(m)),
		throws: blackhole(m),
	}
}

func blackhole(m *harness.Member) []throw {
	var throws []throw
	for _, p := range []point.Name{point.ClientAccept, point.ClientRead, point.ClientWrite} {
		throws = append(throws, throw{m.Point(p), point.Decision{Kind: point.Hang}})
	}
	return throws
}
