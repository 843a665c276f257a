package harness

import (
	"slices"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// scopeOf is what switches touch, added to what is known of a fault already. So no fault says twice what it does.
func scopeOf(b bound.Bounds, switches []Switch, s record.Scope) record.Scope {
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
			// A vote that takes an election timeout to be written comes too late.
			if stops || one.Decision.Delay >= b.Timing.Election {
				s.Crippled = include(s.Crippled, m.name)
			}
			s.Lagging = include(s.Lagging, m.name)
			if one.Decision.Delay >= b.Tolerable() {
				s.Uninformed = include(s.Uninformed, m.name)
			}
		case one.Point == point.Apply:
			s.Lagging = include(s.Lagging, m.name)
			if stops {
				s.Stuck = include(s.Stuck, m.name)
			}
			if stops || one.Decision.Delay >= b.Tolerable() {
				s.Uninformed = include(s.Uninformed, m.name)
			}
		case one.Point == point.WatchEvent:
			if b.Timing.Poll == 0 && (stops || one.Decision.Delay >= b.Tolerable()) {
				s.Uninformed = include(s.Uninformed, m.name)
			}
		case one.Point == point.ClientAccept, one.Point == point.ClientRead, one.Point == point.ClientWrite:
			// A request is two pieces, its head and its message, and so is the answer; each may wait behind the one before. One that takes
			// longer than the manager lets it take is not answered.
			if stops || 4*one.Decision.Delay >= b.Timing.RequestTimeout {
				s.Unreachable = include(s.Unreachable, m.name)
			}
			s.Late = max(s.Late, one.Decision.Delay)
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
