package schedule

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// Scenario makes a scenario of the schedule. A step that is not possible at its instant, because its member is down for example, is left
// out, with a note in the transcript.
func (s Schedule) Scenario(name string) harness.Scenario {
	return harness.Scenario{Name: name, Summary: "a schedule", Clusters: s.Clusters, Body: s.run}
}

// event is the begin or the end of a step.
type event struct {
	at   time.Duration
	step int
	undo bool
}

// events are the events of all steps in order. At the same instant, ends come before begins.
func (s Schedule) events() []event {
	var events []event
	for i, step := range s.Steps {
		events = append(events, event{at: step.At, step: i})
		if step.For > 0 {
			events = append(events, event{at: step.At + step.For, step: i, undo: true})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int {
		if order := cmp.Compare(a.at, b.at); order != 0 || a.undo == b.undo {
			return order
		}
		if a.undo {
			return -1
		}
		return 1
	})
	return events
}

func (s Schedule) run(w *harness.World) {
	placements := make([]harness.Placement, len(s.Watch))
	for i, m := range s.Watch {
		placements[i] = harness.WatchOn(m)
	}
	w.StartManager(placements...)
	began := w.Elapsed()
	undo := make([]func(), len(s.Steps))
	for _, e := range s.events() {
		w.Pass(began + e.at - w.Elapsed())
		if !e.undo {
			undo[e.step] = s.begin(w, s.Steps[e.step])
		} else if undo[e.step] != nil {
			undo[e.step]()
			undo[e.step] = nil
		}
	}
	w.Pass(began + s.Until - w.Elapsed())
	for _, resume := range undo {
		if resume != nil {
			resume()
		}
	}
}

// begin begins a step, or leaves it out with a note if it is not possible now. If the engine does not support the step, begin ends the
// scenario.
func (s Schedule) begin(w *harness.World, step Step) (undo func()) {
	undo, err := step.Action.begin(w)
	var unsupported *harness.UnsupportedError
	if errors.As(err, &unsupported) {
		w.Abort(err)
	}
	if err != nil {
		w.Note("left out: %s: %v", step.Action, err)
	}
	return undo
}
