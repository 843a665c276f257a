package lanes

import (
	"math"

	"github.com/stormwatch/stormwatch/harness/report"
)

// longFault is the length of a fault, in milliseconds, from which on its heal is far from what happens when it begins.
const longFault = 40_000

// Focus is the time of a run that matters, in milliseconds: from a little before the first fault to a little after what followed from
// it: the heals of short faults, and the first violation. It
// is false if that is most of the run, or nothing happened.
func Focus(run report.Run) (from, to float64, ok bool) {
	s := sceneOf(run)
	from, to = math.Inf(1), math.Inf(-1)
	reach := func(at float64) { from, to = min(from, at), max(to, at) }
	for _, cl := range s.clusters {
		// The views react to the begin of a fault.
		for _, m := range cl.managers {
			for _, d := range m.curve {
				if len(cl.hurts) > 0 && d.stale >= stillness/2 && d.at > cl.hurts[0].from && d.at < cl.hurts[0].from+longFault {
					reach(d.at)
				}
			}
		}
		for _, h := range cl.hurts {
			reach(h.from)
			if h.to-h.from <= longFault {
				reach(h.to)
			}
		}
		for _, m := range cl.managers {
			if len(m.over) > 0 {
				reach(m.over[0].from)
				reach(begun(m.over[0], from))
			}
		}
		for _, t := range cl.things {
			for _, w := range t.wrong {
				reach(w.from)
				reach(begun(w.span, from))
			}
		}
	}
	for _, m := range s.marks {
		reach(m.at)
	}
	if from > to {
		return 0, 0, false
	}
	margin := max(0.12*(to-from), 1500)
	from, to = max(0, from-margin), min(s.end, to+2*margin)
	return math.Floor(from), math.Ceil(to), to-from < 0.8*s.end
}

// begun is how far to look at something that may last very long, and of which the begin tells all. from is where the picture begins.
func begun(s span, from float64) float64 { return min(s.to, s.from+max(10_000, (s.from-from)/2)) }
