package draw

import (
	"math"
	"slices"

	"github.com/stormwatch/stormwatch/harness/schedule"
)

// Guide draws the schedules of one soak, one after another. It keeps those that reached a situation not seen before, and changes them further. What it
// returns follows from its seeds and from the sequence of what it has learned, and from nothing else. It is not safe for concurrent use.
type Guide struct {
	space Space
	blind bool
	seen  map[string]int // how many runs reached each situation
	kept  []keeping      // in the order in which they were learned
}

// keeping is a schedule that is kept, with the situations that it was the first to reach.
type keeping struct {
	s     schedule.Schedule
	fresh []string
}

// Of a hundred schedules, freshly are drawn anew. Of those that are changed, the parent is the one with the rarest situation of so many candidates, each drawn
// with a preference for the latest. No more than mostKept are kept, so that a long soak does not grow.
const (
	freshly    = 30
	candidates = 3
	mostKept   = 1024
)

// NewGuide returns a guide that has seen nothing. A blind one draws every schedule anew, whatever it learns.
func NewGuide(space Space, blind bool) *Guide {
	return &Guide{space: space, blind: blind, seen: map[string]int{}}
}

// Next draws the schedule of a seed.
func (g *Guide) Next(seed uint64) schedule.Schedule {
	d := newDrawer(seed, guidance, g.space)
	if g.blind || len(g.kept) == 0 || d.chance(freshly) {
		return Schedule(seed, g.space)
	}
	return mutate(seed, g.space, g.choose(d), g.choose(d))
}

// Learn tells the guide which situations a run of the schedule reached. It returns those that no run before had reached; a schedule with any is kept.
func (g *Guide) Learn(s schedule.Schedule, reached []string) (fresh []string) {
	for _, situation := range reached {
		if g.seen[situation]++; g.seen[situation] == 1 {
			fresh = append(fresh, situation)
		}
	}
	if len(fresh) > 0 && !g.blind {
		g.kept = append(g.kept, keeping{s, fresh})
		if len(g.kept) > mostKept {
			g.kept = slices.Delete(g.kept, 0, 1)
		}
	}
	return fresh
}

// choose draws one of the kept schedules.
func (g *Guide) choose(d *drawer) schedule.Schedule {
	var best keeping
	rarest := math.MaxInt
	for range candidates {
		back := d.Float64() * d.Float64() // mostly small
		k := g.kept[len(g.kept)-1-int(back*float64(len(g.kept)))]
		if n := g.rarity(k); n < rarest {
			best, rarest = k, n
		}
	}
	return best.s
}

// rarity is how many runs reached the rarest of the situations for which a schedule is kept.
func (g *Guide) rarity(k keeping) int {
	fewest := math.MaxInt
	for _, situation := range k.fresh {
		fewest = min(fewest, g.seen[situation])
	}
	return fewest
}
