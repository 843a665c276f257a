package draw

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// drawer draws one schedule, step by step.
type drawer struct {
	*rand.Rand
	space Space
	s     schedule.Schedule
	// keeps says that a step which may cost a quorum is left out.
	keeps bool
	// at is the instant of the next incident. The storm is over at limit.
	at, limit time.Duration
	incidents int
}

// chance is true in so many of a hundred cases.
func (d *drawer) chance(percent int) bool { return d.IntN(100) < percent }

// weigh draws the number of a weight.
func (d *drawer) weigh(weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	at := d.IntN(sum)
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return 0
}

// one draws an item of a list.
func one[T any](d *drawer, list []T) T { return list[d.IntN(len(list))] }

// between draws a time, in whole hundredths of a second.
func (d *drawer) between(low, high time.Duration) time.Duration {
	const unit = 10 * time.Millisecond
	low, high = low/unit, high/unit
	return (low + time.Duration(d.Int64N(int64(max(1, high-low+1))))) * unit
}

// The lengths of steps. Their names say what they are longer than.
const (
	aBlink      = iota // shorter than an election
	aNotice            // about as long as it takes to notice a member that has fallen behind
	aRecovery          // as long as a recovery from a hung leader
	aKeepAlive         // longer than a dead connection is kept
	aQuarantine        // longer than a member is avoided
	aLease             // longer than a lease and a refresh
)

// length draws how long a step lasts.
func (d *drawer) length() time.Duration { return d.lasting(d.weigh(10, 20, 25, 20, 15, 10)) }

// lasting draws a length of this sort.
func (d *drawer) lasting(sort int) time.Duration {
	t := d.space.timing()
	switch sort {
	case aBlink:
		return d.between(t.Heartbeat, 2*t.Election)
	case aNotice:
		return d.between(2*t.Election, 6*t.Election)
	case aRecovery:
		return d.between(6*t.Election, t.KeepAlive+2*t.Election)
	case aKeepAlive:
		return d.between(t.KeepAlive+2*t.Election, 25*t.Election)
	case aQuarantine:
		return d.between(25*t.Election, t.LeaseTTL)
	}
	return d.between(t.LeaseTTL, t.LeaseTTL+t.Refresh)
}

// gap draws the time between two things that belong together.
func (d *drawer) gap() time.Duration {
	t := d.space.timing()
	switch d.weigh(20, 40, 40) {
	case 0:
		return 0
	case 1:
		return d.between(0, 3*t.Election)
	}
	return d.between(3*t.Election, 10*t.Election)
}

// move moves the instant of the next incident on: a little, so that it overlaps with those before, or to the end of a step.
func (d *drawer) move() {
	t := d.space.timing()
	switch d.weigh(40, 25, 35) {
	case 0:
		d.at += d.gap()
	case 1:
		d.at += d.between(10*t.Election, 30*t.Election)
	case 2:
		d.at = max(d.at, d.lastEnd()+d.between(0, 2*t.Election)-t.Election)
	}
}

// size is the number of members with which a cluster starts.
func (d *drawer) size(cluster string) int {
	for _, c := range d.s.Clusters {
		if c.Name == cluster {
			return c.Members
		}
	}
	return 1
}

// names are the names of the clusters.
func (d *drawer) names() []string {
	var names []string
	for _, c := range d.s.Clusters {
		names = append(names, c.Name)
	}
	return names
}

// rival says whether the schedule has a second manager.
func (d *drawer) rival() bool {
	return slices.ContainsFunc(d.s.Steps, func(s schedule.Step) bool { return s.Action == schedule.Rival{} })
}

// add adds a step, if it is possible and within what is to be drawn. It says whether it has.
func (d *drawer) add(at, length time.Duration, action schedule.Action) bool {
	if inject, ok := action.(schedule.Inject); ok {
		k := find(inject.Fault.Name())
		if !d.space.has(k.name) {
			return false
		}
		switch {
		case k.has(once):
			length = 0
		case length == 0: // it took the place of a fault that has no length
			length = d.length()
		}
	}
	if at+length > d.limit+d.space.timing().LeaseTTL || at+length > longest(d.space.timing()) {
		return false
	}
	tried := d.s
	tried.Steps = inOrder(append(slices.Clone(d.s.Steps), schedule.Step{At: at, For: length, Action: action}))
	f := look(tried, d.space.timing().Election)
	if len(f.unlikely) > 0 || d.keeps && f.loses || tried.Check() != nil {
		return false
	}
	d.s = tried
	return true
}

// longest is the longest storm: with the calm end and what a run adds to it, a run then lasts ten minutes with production timing.
func longest(t bound.Timing) time.Duration { return 11 * t.LeaseTTL }

// inOrder sorts steps by their instants. Steps of one instant keep their order.
func inOrder(steps []schedule.Step) []schedule.Step {
	slices.SortStableFunc(steps, func(a, b schedule.Step) int { return int(a.At - b.At) })
	return steps
}
