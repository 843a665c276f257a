package harness

import (
	"slices"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// scopeOf adds what the switches affect to a scope. So a fault that consists of switches need not say what it affects.
func scopeOf(b bound.Bounds, switches []Switch, s record.Scope) record.Scope {
	for _, one := range switches {
		m := one.Member
		s.Cluster = m.cluster.name
		s.Members = include(s.Members, m.name)
		stops, longest := one.Decision.Stops(), one.Decision.Longest()
		var manager int
		if one.Point, manager = one.Point.Manager(); manager > 0 {
			s.Manager = manager
		}
		from, to, betweenPeers := one.Point.Peers(m.name)
		_, unary := one.Point.Method()
		switch {
		case betweenPeers:
			s.Members = include(s.Members, from, to)
			// A vote is a message there and one back. If they take an election timeout, no leader is elected.
			if stops || 2*longest >= b.Timing.Election {
				s.Cut = append(s.Cut, [2]string{from, to})
			} else {
				// A linearizable read is a message to the leader, a heartbeat and its answer, and the answer of the leader.
				s.Round = max(s.Round, 4*longest)
			}
			s.Lagging = include(s.Lagging, to)
		case one.Point == point.WALSave:
			// A member must write its vote before it sends it. If that takes an election timeout, the vote comes too late.
			if stops || longest >= b.Timing.Election {
				s.Crippled = include(s.Crippled, m.name)
			} else {
				s.Round = max(s.Round, b.ReadRound(longest))
			}
			s.Lagging = include(s.Lagging, m.name)
			if longest >= b.Tolerable() {
				s.Uninformed = include(s.Uninformed, m.name)
			}
		case one.Point == point.Apply:
			s.Lagging = include(s.Lagging, m.name)
			if stops {
				s.Stuck = include(s.Stuck, m.name)
			}
			if stops || longest >= b.Tolerable() {
				s.Uninformed = include(s.Uninformed, m.name)
			}
		case one.Point == point.WatchEvent:
			s.Withheld = include(s.Withheld, m.name)
			if b.Timing.Poll == 0 && (stops || longest >= b.Tolerable()) {
				s.Uninformed = include(s.Uninformed, m.name)
			}
		case one.Point == point.ClientAccept, one.Point == point.ClientRead, one.Point == point.ClientWrite:
			// A request is sent in two parts, its headers and its message, and so is the response. Each part may wait for the one before it,
			// so a request may take four delays. If that is the request timeout or longer, the manager may get no response.
			if stops || 4*longest >= b.Timing.RequestTimeout {
				s.Unreachable = include(s.Unreachable, m.name)
			}
			s.Late = max(s.Late, b.Queued(longest))
			// A request for progress may wait for the data before it, and so may its answer. So an answer may come four delays after the request, and the
			// request a progress interval after the last answer.
			idle := b.Timing.IdleTimeout
			silences := stops && one.Decision.Kind != point.Reset || idle > 0 && b.Timing.ProgressInterval+4*longest >= idle
			if silences && one.Point != point.ClientAccept {
				s.Silenced = include(s.Silenced, m.name)
			}
		case one.Point == point.ProgressRequest:
			s.Unasked = include(s.Unasked, m.name)
		case one.Point == point.ProgressResponse:
			s.Silenced = include(s.Silenced, m.name)
		case one.Point == point.WatchCreate:
			if b.Timing.Poll == 0 && (stops || longest >= b.Timing.RequestTimeout) {
				s.Uninformed = include(s.Uninformed, m.name)
			}
		case unary:
			if stops || longest >= b.Timing.RequestTimeout {
				s.Unreachable = include(s.Unreachable, m.name)
			}
		}
	}
	return s
}

// include appends those items that the list does not contain.
func include(list []string, items ...string) []string {
	for _, i := range items {
		if !slices.Contains(list, i) {
			list = append(list, i)
		}
	}
	return list
}
