package oracle

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// span is a stretch of time. It excludes its first instant and includes its last: what was already wrong when a fault began
// is not excused by it, and what came right at the very instant an excuse ran out was in time.
type span struct{ from, to time.Duration }

func (s span) holds(at time.Duration) bool { return s.from < at && at <= s.to }

// spans are disjoint and in order.
type spans []span

// union joins what overlaps or touches.
func union(all []span) spans {
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var joined spans
	for _, s := range all {
		if n := len(joined); n > 0 && s.from <= joined[n-1].to {
			joined[n-1].to = max(joined[n-1].to, s.to)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// next is the index of the first span that has not ended before an instant.
func (s spans) next(at time.Duration) int {
	return sort.Search(len(s), func(i int) bool { return s[i].to >= at })
}

func (s spans) hold(at time.Duration) bool {
	i := s.next(at)
	return i < len(s) && s[i].holds(at)
}

// endedBefore is when the latest span before an instant ended, or a negative time if there is none.
func (s spans) endedBefore(at time.Duration) time.Duration {
	if i := s.next(at); i > 0 {
		return s[i-1].to
	}
	return -1
}

// edges appends the instants at which something begins or ends.
func (s spans) edges(to []time.Duration) []time.Duration {
	for _, one := range s {
		to = append(to, one.from, one.to)
	}
	return to
}
