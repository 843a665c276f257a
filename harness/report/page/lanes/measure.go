package lanes

import (
	"slices"

	"github.com/stormwatch/stormwatch/harness/report"
)

// measure adds the staleness of a tenure and what was allowed, and finds where it was above that.
func (cl *managerLanes) measure(s report.Staleness) {
	dots := make([]dot, len(s.Points))
	for i, p := range s.Points {
		dots[i] = dot{p[0], p[1]}
	}
	for _, l := range s.Limits {
		limit := limit{span: span{l.From, l.To}, any: l.Any, max: l.Max, why: l.Why}
		cl.limits = append(cl.limits, limit)
		if !l.Any {
			cl.over = append(cl.over, above(dots, limit)...)
		}
	}
	cl.over = united(cl.over)
	cl.curve = append(cl.curve, dots...)
}

// above are the times in which a curve is above a limit. Between two dots it is a straight line.
func above(dots []dot, l limit) (list []span) {
	for i := 1; i < len(dots); i++ {
		a, b := dots[i-1], dots[i]
		piece := span{a.at, b.at}.and(l.span)
		if piece.length() <= 0 {
			continue
		}
		rise := (b.stale - a.stale) / (b.at - a.at)
		high := func(at float64) float64 { return a.stale + rise*(at-a.at) }
		switch from, to := high(piece.from) > l.max, high(piece.to) > l.max; {
		case from && to:
			list = append(list, piece)
		case to:
			list = append(list, span{a.at + (l.max-a.stale)/rise, piece.to})
		case from:
			list = append(list, span{piece.from, a.at + (l.max-a.stale)/rise})
		}
	}
	return list
}

// stillness is how stale a view must become before it is said to stand still, in milliseconds.
const stillness = 1000

// stills are the times in which a view stood still: it showed nothing new and became stale. Each lasts from the last change of the view before it.
func stills(seen []float64, curve []dot) (list []span) {
	for i, at := range seen {
		if i == 0 {
			continue
		}
		if staleAt(curve, at) >= stillness && !slices.Contains(list, span{seen[i-1], at}) {
			list = append(list, span{seen[i-1], at})
		}
	}
	if n, m := len(seen), len(curve); n > 0 && m > 0 && curve[m-1].stale >= stillness && curve[m-1].at > seen[n-1] {
		list = append(list, span{seen[n-1], curve[m-1].at})
	}
	return list
}
