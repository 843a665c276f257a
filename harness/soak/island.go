package soak

import (
	"fmt"
	"slices"

	"github.com/stormwatch/stormwatch/harness/schedule"
)

// island is one island of a soak that is under way. One worker at a time works on it.
type island struct {
	number int
	// next is the seed of the next run.
	next  uint64
	guide Guide
	// situations are those that its runs have reached, in the order in which they first did. numbers are their places in it.
	situations []string
	numbers    map[string]int
	// explained are the oracles whose failure was explained, or is not to be.
	explained map[string]bool
	// last is the line of the last run, lastSchedule its schedule. Before the first run the line is empty.
	last         Line
	lastSchedule schedule.Schedule
}

// learn tells the guide what the run of the next seed has reached, and goes on to the seed after it. It returns the situations that are new to the island,
// and the numbers of the others.
func (i *island) learn(s schedule.Schedule, reached []string) (fresh []string, seen []int) {
	i.guide.Learn(s, reached)
	for _, one := range reached {
		if number, ok := i.numbers[one]; ok {
			seen = append(seen, number)
			continue
		}
		i.numbers[one] = len(i.situations)
		i.situations = append(i.situations, one)
		fresh = append(fresh, one)
	}
	i.lastSchedule = s
	i.next += Islands
	return fresh, seen
}

// reached are the situations that the run of a line reached.
func (i *island) reached(l Line) ([]string, error) {
	reached := slices.Clone(l.Fresh)
	for _, number := range l.Seen {
		if number < 0 || number >= len(i.situations) {
			return nil, fmt.Errorf("seed %d has seen situation %d, of %d that island %d knows", l.Seed, number, len(i.situations), i.number)
		}
		reached = append(reached, i.situations[number])
	}
	return reached, nil
}

// keep notes which failures of a line need no explanation in later ones.
func (i *island) keep(l Line) {
	for _, e := range l.Explained {
		i.explained[e.Oracle] = true
	}
}

// due says whether a failure of the last run is yet to be explained: the soak was stopped while it looked for the cause.
func (i *island) due(explain bool) bool { return explain && len(i.last.unexplained(i.explained)) > 0 }

// replay brings the island to where it was after the run of a line. again says that the line repeats the one before it, with the explanation that the
// soak was stopped at. The error says why the line cannot be the next of the island.
func (i *island) replay(l Line) (again bool, err error) {
	switch {
	case i.last.Version > 0 && l.Seed == i.last.Seed && l.Digest == i.last.Digest:
		again = true
	case l.Seed != i.next:
		return false, fmt.Errorf("seed %d of island %d is missing: the next is seed %d", i.next, i.number, l.Seed)
	default:
		s := i.guide.Next(l.Seed)
		if drawn := s.String(); drawn != l.Schedule {
			return false, fmt.Errorf("seed %d has a schedule that this program does not draw: another version of it began the soak", l.Seed)
		}
		reached, err := i.reached(l)
		if err != nil {
			return false, err
		}
		i.learn(s, reached)
	}
	i.keep(l)
	i.last = l
	return again, nil
}
