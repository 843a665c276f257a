// Package shrink makes a failing schedule small, and finds out when its failure became inevitable.
//
//	a failing schedule ──► fewer steps ──► fewer clusters, members ──► shorter, earlier ──► cause
//	                       ▲                                              │
//	                       └──────────── until nothing gets smaller ──────┘
//
// Each candidate is run, and kept if the same oracle fails again. The idea is QuickCheck's, and that of delta debugging: big cuts come first, and the order
// is fixed, so the same runs give the same result. [Found] has the small schedule, its [Cause], and what to write into files.
package shrink

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// Try runs a schedule. An error says that the run could not be made. It blocks until the run is over, and returns when ctx ends.
type Try func(ctx context.Context, s schedule.Schedule) (*harness.Result, error)

// Shrinker shrinks schedules. Only Try is needed.
type Shrinker struct {
	Try Try
	// AtOnce is how many runs may go on at the same time. The result does not depend on it, nor does the number of tries. Zero: one.
	AtOnce int
	// Limit is the largest number of schedules that are tried to make the schedule small. The search for the cause is not limited; it takes a few dozen at
	// most. Zero: 400.
	Limit int
	// Confirm is how many further runs of a candidate must fail too. It is of use where two runs of one schedule may differ, as they do without the replay
	// build. Zero: none.
	Confirm int
	// Progress is called after each schedule that was tried, by one goroutine at a time. Nil: nobody is told.
	Progress func(Progress)
}

// Progress is how far a Shrinker has come.
type Progress struct {
	// Tries is how many schedules it has tried.
	Tries int
	// Best is the smallest schedule so far. Smaller says that the last try has made it smaller.
	Best    schedule.Schedule
	Smaller bool
	// Cause says that the schedule does not get smaller any more, and the cause is looked for.
	Cause bool
}

// Found is a small schedule that fails.
type Found struct {
	// Schedule is complete as a file: its About says what failed and why, its Run with what it is run.
	Schedule schedule.Schedule
	Oracle   string
	// Result is that of the small schedule.
	Result *harness.Result
	// Tries is how many different schedules were tried.
	Tries int
	// Limited says that the limit was reached: the schedule may not be as small as it could be.
	Limited bool
	Cause   Cause
}

// DoesNotFailError says that the schedule to be shrunk does not fail, or that only other oracles fail.
type DoesNotFailError struct {
	// Oracle is the one that should have failed; empty: any.
	Oracle string
	// Others are those that failed.
	Others []string
}

func (e *DoesNotFailError) Error() string {
	switch {
	case len(e.Others) > 0:
		return fmt.Sprintf("the schedule does not fail %s; it fails %s", e.Oracle, strings.Join(e.Others, ", "))
	case e.Oracle == "":
		return "the schedule does not fail: there is nothing to shrink"
	}
	return fmt.Sprintf("the schedule does not fail %s, nor anything else: there is nothing to shrink", e.Oracle)
}

// usualLimit is the limit of a Shrinker that names none.
const usualLimit = 400

// Shrink runs the schedule, makes it small as long as the oracle still fails, and finds the cause. An empty oracle means the first that fails. It blocks
// until that is done or ctx ends. If the oracle does not fail at first, the error is a [DoesNotFailError]. If ctx ends, Found is what was reached until
// then, and the error is that of ctx; Found is empty if that is nothing.
func (h Shrinker) Shrink(ctx context.Context, s schedule.Schedule, oracle string) (Found, error) {
	h.AtOnce, h.Limit = max(h.AtOnce, 1), cmp.Or(h.Limit, usualLimit)
	first, err := h.begin(ctx, s, oracle)
	switch {
	case ctx.Err() != nil:
		return Found{}, ctx.Err()
	case err != nil:
		return Found{}, fmt.Errorf("run the schedule that is to be shrunk: %w", err)
	case first.Outcome != record.Failed && first.Outcome != record.Passed:
		return Found{}, fmt.Errorf("run the schedule that is to be shrunk: %s: %s", first.Outcome, first.Cause)
	}
	failed := first.FailedOracles()
	if oracle == "" && len(failed) > 0 {
		oracle = failed[0]
	}
	if !fails(first, oracle) {
		return Found{}, &DoesNotFailError{oracle, failed}
	}
	x := &search{Shrinker: h, ctx: ctx, oracle: oracle, known: map[string]*outcome{}}
	s.About, s.Run.Fails = nil, oracle
	x.best, x.result, x.tries = s, first, 1
	x.known[s.String()] = &outcome{fails: true, counted: true}
	x.shrink()
	limited := x.limited
	cause := x.cause()
	found := Found{Oracle: oracle, Result: x.result, Tries: x.tries, Limited: limited, Cause: cause}
	found.Schedule = found.file(x.best)
	return found, ctx.Err()
}

// begin runs the schedule that is to be shrunk: until it fails, but only once if two runs do not differ.
func (h Shrinker) begin(ctx context.Context, s schedule.Schedule, oracle string) (r *harness.Result, err error) {
	for range 1 + h.Confirm {
		r, err = h.Try(ctx, s)
		if err != nil || fails(r, oracle) || oracle == "" && r.Outcome == record.Failed {
			break
		}
	}
	return r, err
}

// fails says whether an oracle failed. A run that was not judged says nothing.
func fails(r *harness.Result, oracle string) bool {
	return r != nil && r.Outcome == record.Failed && slices.Contains(r.FailedOracles(), oracle)
}

// shrink makes the schedule smaller until no pass finds anything more.
func (x *search) shrink() {
	for round := 0; ; round++ {
		before := x.best.String()
		x.dropSteps()
		x.dropClusters()
		x.simplifyClusters()
		x.shorten(round == 0)
		if x.best.String() == before || x.over() {
			return
		}
	}
}
