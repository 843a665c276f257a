package shrink

import (
	"context"
	"sync"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// search is the shrinking of one schedule.
type search struct {
	Shrinker
	ctx    context.Context
	oracle string
	// known are the outcomes of the schedules that were run, by their texts.
	known map[string]*outcome
	// tries counts the schedules whose outcome was asked for. Those that were only run ahead do not count, so tries does not depend on AtOnce.
	tries int
	// limited says that a schedule was not tried because of the limit. unlimited lifts it.
	limited, unlimited bool
	// best is the smallest schedule so far that fails, result its result.
	best   schedule.Schedule
	result *harness.Result
}

// outcome is what came of a schedule. result is nil if the oracle did not fail, and after it was asked for.
type outcome struct {
	fails   bool
	result  *harness.Result
	counted bool
}

// over says whether nothing more is to be tried.
func (x *search) over() bool { return x.ctx.Err() != nil || x.limited && !x.unlimited }

// first returns the index of the first of several candidates that fails, and makes it the best; -1 if none fails.
func (x *search) first(candidates ...schedule.Schedule) int {
	for i := range candidates {
		x.ahead(candidates[i:]...)
		if x.smaller(candidates[i]) {
			return i
		}
	}
	return -1
}

// smaller says whether a candidate fails, and makes it the best if it does.
func (x *search) smaller(candidate schedule.Schedule) bool {
	o := x.ask(candidate)
	if o == nil {
		return false
	}
	took := o.fails && o.result != nil
	if took {
		x.best, x.result = candidate, o.result
		o.result = nil
	}
	x.tell(took)
	return took
}

// still says whether a schedule fails. Unlike smaller, it changes nothing.
func (x *search) still(s schedule.Schedule) bool {
	o := x.ask(s)
	x.tell(false)
	return o != nil && o.fails
}

// tell reports the progress.
func (x *search) tell(smaller bool) {
	if x.Progress != nil {
		x.Progress(Progress{Tries: x.tries, Best: x.best, Smaller: smaller, Cause: x.unlimited})
	}
}

// ask returns the outcome of a schedule, and runs it if that is not known. It is nil if the schedule cannot be run, or may not be because of the limit.
func (x *search) ask(s schedule.Schedule) *outcome {
	text, ok := check(s)
	if !ok || x.ctx.Err() != nil {
		return nil
	}
	if o := x.known[text]; o == nil || !o.counted {
		if x.tries >= x.Limit && !x.unlimited {
			x.limited = true
			return nil
		}
		x.tries++
	}
	x.ahead(s)
	o := x.known[text]
	if o != nil {
		o.counted = true
	}
	return o
}

// check returns the text of a schedule; false if it cannot be run. What is run is read from a text, so what the text does not say is lost.
func check(s schedule.Schedule) (string, bool) {
	if len(s.Clusters) == 0 || len(s.Watch) == 0 {
		return "", false
	}
	text := s.String()
	read, err := schedule.Parse(text)
	return text, err == nil && read.String() == text
}

// ahead runs the first schedules whose outcomes are not known, as many as may go on at once. It blocks until they are done.
func (x *search) ahead(candidates ...schedule.Schedule) {
	if x.over() {
		return
	}
	type running struct {
		text string
		s    schedule.Schedule
		o    *outcome
	}
	var now []*running
	begun := map[string]bool{}
	for _, s := range candidates[:min(len(candidates), x.AtOnce)] {
		if text, ok := check(s); ok && x.known[text] == nil && !begun[text] {
			begun[text] = true
			now = append(now, &running{text: text, s: s})
		}
	}
	var all sync.WaitGroup
	for _, r := range now {
		all.Go(func() { r.o = x.run(r.s) })
	}
	all.Wait()
	for _, r := range now {
		if r.o != nil {
			x.known[r.text] = r.o
		}
	}
}

// run runs a schedule, and again if it fails and that has to be confirmed. It returns nil if ctx has ended.
func (x *search) run(s schedule.Schedule) *outcome {
	o := &outcome{}
	for range 1 + x.Confirm {
		r, err := x.Try(x.ctx, s)
		if x.ctx.Err() != nil {
			return nil
		}
		if err != nil || !fails(r, x.oracle) {
			return &outcome{}
		}
		o.fails, o.result = true, r
	}
	return o
}
