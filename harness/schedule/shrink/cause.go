package shrink

import (
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/schedule"
)

// Cause says when a failure became inevitable.
type Cause struct {
	// From is the earliest instant, as those of the schedule count, from which healing everything no longer prevents the failure. It is exact to 100 ms. Zero
	// if no healing prevents it.
	From time.Duration
	// Text says so in one sentence, with the situation at that instant. Kind is a short text by which failures can be grouped, such as "HangDisk on the watched
	// leader": the faults in force then or, if there were none, the last that was, with members by their roles when it began.
	Text, Kind string
}

// precision is how close the search for the cause comes to the instant.
const precision = 100 * time.Millisecond

// moment is how long a fault that has just begun lasts in a prefix that ends with it.
const moment = time.Millisecond

// cause finds the earliest instant from which healing everything no longer prevents the failure of the best schedule.
//
// Healing at T is replayed: the steps that began before T happen, and all of them end at T at the latest. What cannot be undone stays. The run goes on for as
// long as that of the whole schedule. Whether that prevents the failure may change more than once with T: a manager may be saved by a heal at 10 s and not at
// 8 s. So the search begins at the end and goes back from one edge, the begin or end of a step, to the edge before, until healing prevents the failure. Between
// those two edges it assumes that there is one change, and bisects. Both sides of the result were run: the failure happens if everything is healed at From, and
// does not 100 ms before or, if From is just after the begin of a step, without that step.
func (x *search) cause() Cause {
	x.unlimited = true
	late := x.best.End() + moment // everything has ended by then, so the failure happens
	early := time.Duration(-1)
	for _, edge := range slices.Backward(edges(x.best)) {
		if !x.still(healedAt(x.best, edge)) {
			early = edge
			break
		}
		late = edge
	}
	for early >= 0 && late-early > precision && x.ctx.Err() == nil {
		middle := ((early + late) / 2).Round(precision / 10)
		x.ahead(healedAt(x.best, middle), healedAt(x.best, (early+middle)/2), healedAt(x.best, (middle+late)/2))
		if x.still(healedAt(x.best, middle)) {
			late = middle
		} else {
			early = middle
		}
	}
	switch {
	case x.ctx.Err() != nil:
		return Cause{}
	case early < 0:
		return needsNoFault(x.best)
	}
	return explain(x.best, x.result, late)
}

// edges are the instants at which steps begin, have just begun, and end, in order.
func edges(s schedule.Schedule) []time.Duration {
	var list []time.Duration
	for _, step := range s.Steps {
		list = append(list, step.At, step.At+moment)
		if step.For > 0 {
			list = append(list, step.At+step.For)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// healedAt returns what happens if everything is healed at an instant.
func healedAt(s schedule.Schedule, at time.Duration) schedule.Schedule {
	healed := s
	healed.Steps = nil
	for _, step := range s.Steps {
		if step.At >= at {
			break
		}
		if lasts(step.Action) && end(step, s.End()) > at {
			step.For = at - step.At
		}
		healed.Steps = append(healed.Steps, step)
	}
	if healed.End() < s.End() {
		healed.Until = s.End()
	}
	return healed
}
