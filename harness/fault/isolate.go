package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

// Isolate cuts a member off from all its peers, in both directions. Clients still reach it.
func Isolate(m *harness.Member) harness.Fault {
	f := partition([]*harness.Member{m}, peers(m))
	f.name, f.args = "Isolate", []any{m}
	return f
}

// partition cuts every pair of members between two groups of one cluster, in both directions.
func partition(a, b []*harness.Member) switches {
	f := switches{}
	for _, from := range a {
		for _, to := range b {
			f = f.cut(from, to).cut(to, from)
		}
	}
	return f
}

// cut adds the loss of all raft traffic from one member to another.
func (f switches) cut(from, to *harness.Member) switches {
	f.needs = append(f.needs, from, to)
	f.scope.Cluster = from.Cluster().Name()
	f.scope.Members = appendNew(f.scope.Members, from.Name(), to.Name())
	f.scope.Cut = append(f.scope.Cut, [2]string{from.Name(), to.Name()})
	f.throws = append(f.throws, oneWay(from, to, point.Decision{Kind: point.Drop}))
	return f
}
