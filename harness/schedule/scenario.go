package schedule

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Scenario makes a scenario of the schedule. A step that is not possible at its instant, because its member is down for example, is left
// out, with a note in the transcript. If no step is possible, the run is not judged, since nothing happened to the manager.
func (s Schedule) Scenario(name string) harness.Scenario {
	return harness.Scenario{Name: name, Summary: "a schedule", Clusters: s.Clusters, Body: s.run}
}

// Event is the begin or the end of a step.
type Event struct {
	At time.Duration
	// Step is the number of the step in [Schedule.Steps].
	Step int
	// Undo says that the step ends.
	Undo bool
}

// Events are the events of all steps in the order in which they happen. At the same instant, ends come before begins.
func (s Schedule) Events() []Event {
	var events []Event
	for i, step := range s.Steps {
		events = append(events, Event{At: step.At, Step: i})
		if step.For > 0 {
			events = append(events, Event{At: step.At + step.For, Step: i, Undo: true})
		}
	}
	slices.SortStableFunc(events, func(a, b Event) int {
		if order := cmp.Compare(a.At, b.At); order != 0 || a.Undo == b.Undo {
			return order
		}
		if a.Undo {
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
	var impossible []error
	for _, e := range s.Events() {
		w.Pass(began + e.At - w.Elapsed())
		if !e.Undo {
			var err error
			if undo[e.Step], err = s.begin(w, s.Steps[e.Step]); err != nil {
				impossible = append(impossible, err)
			}
		} else if undo[e.Step] != nil {
			undo[e.Step]()
			undo[e.Step] = nil
		}
	}
	if len(s.Steps) > 0 && len(impossible) == len(s.Steps) {
		w.Abort(fmt.Errorf("no step of the schedule was possible: %w", errors.Join(impossible...)))
	}
	w.Pass(began + s.Until - w.Elapsed())
	for _, resume := range undo {
		if resume != nil {
			resume()
		}
	}
}

// begin begins a step. If it is not possible now, begin leaves it out with a note, and returns an error that says why. If the engine does not support the
// step, begin ends the scenario.
func (s Schedule) begin(w *harness.World, step Step) (undo func(), err error) {
	undo, err = step.Action.begin(w)
	var unsupported *harness.UnsupportedError
	if errors.As(err, &unsupported) {
		w.Abort(err)
	}
	if err != nil {
		w.Note(leftOut+"%s: %v", step.Action, err)
		err = fmt.Errorf("%s: %w", step.Action, err)
	}
	return undo, err
}

// leftOut is what the note of a step that was not possible begins with.
const leftOut = "left out: "

// LeftOut returns the steps of a run that were left out, each with the reason why it was not possible, such as that its member did not exist.
func LeftOut(r *record.Record) []string {
	var steps []string
	for _, n := range r.Notes {
		if step, ok := strings.CutPrefix(n.Text, leftOut); ok {
			steps = append(steps, step)
		}
	}
	return steps
}
