package shrink

import (
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/schedule"
)

// shorten makes the run end earlier, and the steps shorter and earlier, with round times where that is possible. far says that the times may be far from
// the smallest with which the schedule fails; if not, it looks first whether a time can become smaller at all.
func (x *search) shorten(far bool) {
	least := time.Duration(0)
	if len(x.best.Steps) == 0 {
		least = calm
	}
	x.lower(far, least, func(s schedule.Schedule) time.Duration { return s.Until }, func(s schedule.Schedule, to time.Duration) schedule.Schedule {
		s.Until = to
		return s
	})
	for i := range x.best.Steps {
		if !lasts(x.best.Steps[i].Action) {
			x.set(i, 0)
			continue
		}
		x.lower(far, shortest, func(s schedule.Schedule) time.Duration { return end(s.Steps[i], s.End()) - s.Steps[i].At },
			func(s schedule.Schedule, to time.Duration) schedule.Schedule { return withLength(s, i, to) })
	}
	for i := range x.best.Steps {
		x.lower(far, 0, func(s schedule.Schedule) time.Duration { return s.Steps[i].At - before(s, i) },
			func(s schedule.Schedule, to time.Duration) schedule.Schedule {
				earlier := s.Steps[i].At - before(s, i) - to
				s.Steps = slices.Clone(s.Steps)
				for k := i; k < len(s.Steps); k++ {
					s.Steps[k].At -= earlier
				}
				s.Until = max(0, s.Until-earlier)
				return s
			})
	}
}

// shortest is the shortest length of a step that is tried.
const shortest = 100 * time.Millisecond

// before is the instant of the step before a step; zero for the first.
func before(s schedule.Schedule, i int) time.Duration {
	if i == 0 {
		return 0
	}
	return s.Steps[i-1].At
}

// set tries a length of a step.
func (x *search) set(i int, length time.Duration) {
	if x.best.Steps[i].For != length {
		x.smaller(withLength(x.best, i, length))
	}
}

func withLength(s schedule.Schedule, i int, length time.Duration) schedule.Schedule {
	s.Steps = slices.Clone(s.Steps)
	s.Steps[i].For = length
	return s
}

// lasts says whether an action lasts until it is undone.
func lasts(a schedule.Action) bool {
	switch a := a.(type) {
	case schedule.Inject:
		return !a.Fault.Once()
	case schedule.Rest:
		return true
	}
	return false
}

// end is when a step ends in a run that ends at an instant.
func end(step schedule.Step, run time.Duration) time.Duration {
	if step.For == 0 {
		return max(run, step.At)
	}
	return step.At + step.For
}

// lower looks for the smallest value, not below least, of a time of the schedule with which it still fails. It assumes that it fails with every greater one.
// That need not be so; then the result is not the smallest, but the schedule fails with it.
func (x *search) lower(far bool, least time.Duration, of func(schedule.Schedule) time.Duration, with func(schedule.Schedule, time.Duration) schedule.Schedule) {
	now := of(x.best)
	if now <= least || x.over() {
		return
	}
	// with changes the schedule as it is now, whatever the value is by then.
	set := func(to time.Duration) schedule.Schedule { return with(x.best, to) }
	if !far && !x.smaller(set(max(least, roundDown(now)))) {
		return
	}
	values := []time.Duration{least}
	for _, v := range coarse {
		if v > least && v < now {
			values = append(values, v)
		}
	}
	below := x.lowest(values, set)
	if of(x.best) == now && far {
		x.each(values, set) // what happens at an instant may not happen a second later
	}
	if now = of(x.best); now <= least {
		return
	}
	var between []time.Duration
	for v := roundDown(now); v > below; v = roundDown(v) {
		between = append(between, v)
	}
	slices.Reverse(between)
	x.lowest(between, set)
}

// lowest tries values, which rise: the first, then by bisection. It returns the greatest with which the schedule did not fail below the one that it has then.
func (x *search) lowest(values []time.Duration, set func(time.Duration) schedule.Schedule) (below time.Duration) {
	from, to := 0, len(values)
	for mid := 0; from < to && !x.over(); mid = (from + to) / 2 {
		likely := []schedule.Schedule{set(values[mid])}
		if mid > 0 {
			likely = append(likely, set(values[(from+mid)/2]))
		}
		if next := (mid + 1 + to) / 2; next < to {
			likely = append(likely, set(values[next]))
		}
		x.ahead(likely...)
		if x.smaller(likely[0]) {
			to = mid
		} else {
			below, from = values[mid], mid+1
		}
	}
	return below
}

// each tries values one after another, until the schedule fails with one.
func (x *search) each(values []time.Duration, set func(time.Duration) schedule.Schedule) {
	var candidates []schedule.Schedule
	for _, v := range values {
		candidates = append(candidates, set(v))
	}
	x.first(candidates...)
}

// coarse are the times that are tried first.
var coarse = []time.Duration{
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 3 * time.Second, 5 * time.Second, 7 * time.Second, 10 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second, 45 * time.Second,
	time.Minute, 90 * time.Second, 2 * time.Minute, 3 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute, time.Hour,
}

// roundDown is the next smaller time that is as round as its size deserves.
func roundDown(d time.Duration) time.Duration {
	step := 50 * time.Millisecond
	switch {
	case d > time.Minute:
		step = 5 * time.Second
	case d > 10*time.Second:
		step = time.Second
	case d > 5*time.Second:
		step = 500 * time.Millisecond
	case d > time.Second:
		step = 100 * time.Millisecond
	}
	return (d - 1) / step * step
}
