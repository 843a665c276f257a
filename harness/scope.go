package harness

import (
	"slices"

	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// scopeOf is what switches touch, added to what is known of a fault already. So no fault says twice what it does.
func scopeOf(switches []Switch, s record.Scope) record.Scope {
	for _, one := range switches {
		m := one.Member
		s.Cluster = m.cluster.name
		s.Members = include(s.Members, m.name)
		stops := one.Decision.Stops()
		from, to, betweenPeers := one.Point.Peers(m.name)
		switch {
		case betweenPeers:
			s.Members = include(s.Members, from, to)
			if stops {
				s.Cut = append(s.Cut, [2]string{from, to})
			}
			s.Lagging = include(s.Lagging, to)
		case one.Point == point.WALSave:
			if stops {
				s.Crippled = include(s.Crippled, m.name)
			}
			s.Lagging = include(s.Lagging, m.name)
		case one.Point == point.Apply:
			s.Lagging = include(s.Lagging, m.name)
		case one.Point == point.ClientAccept, one.Point == point.ClientRead, one.Point == point.ClientWrite:
			if stops {
				s.Unreachable = include(s.Unreachable, m.name)
			}
			if stops && one.Point != point.ClientAccept && one.Decision.Kind != point.Reset {
				s.Silenced = include(s.Silenced, m.name)
			}
		case one.Point == point.ProgressRequest, one.Point == point.ProgressResponse:
			s.Silenced = include(s.Silenced, m.name)
		}
	}
	return s
}

// include appends what is not there yet.
func include(list []string, items ...string) []string {
	for _, i := range items {
		if !slices.Contains(list, i) {
			list = append(list, i)
		}
	}
	return list
}
