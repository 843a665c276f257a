package oracle

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// span is a time. It excludes its first instant and includes its last: a fault does not excuse what was already wrong when it began, and
// what becomes right at the very end of an excuse is in time.
type span struct{ from, to time.Duration }

func (s span) holds(at time.Duration) bool { return s.from < at && at <= s.to }

// spans are disjoint spans in order.
type spans []span

// union joins spans that overlap or touch.
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

// edges appends the instants at which the spans begin and end.
func (s spans) edges(to []time.Duration) []time.Duration {
	for _, one := range s {
		to = append(to, one.from, one.to)
	}
	return to
}
