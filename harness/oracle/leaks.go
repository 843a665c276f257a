package oracle

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Leaks requires three things:
//
//   - Nothing is left of the manager after its Close, nor of a cluster after its removal.
//   - Close returns within [bound.Bounds.Close], or [bound.Bounds.Farewell] later if it is called while clients cannot reach a member.
//   - While the manager runs, it keeps no more watches of a key open at once than it says, or than it had before the first fault: a manager that
//     moves to another member closes the watch that it leaves.
//
// The evidence lists everything, since each item may have a cause of its own.
type Leaks struct{}

// goroutines is what the name of a goroutine that was left begins with.
const goroutines = "goroutine: "

// Name is "leaks".
func (Leaks) Name() string { return "leaks" }

// Judge lists what was left and compares how long Close took with its bound.
func (o Leaks) Judge(r *record.Record) record.Verdict {
	var wrong []string
	var instants []time.Duration
	if evidence := slowClose(r); evidence != "" {
		wrong, instants = append(wrong, evidence), append(instants, r.ManagerClose)
	}
	for _, c := range allCircumstances(r) {
		for _, v := range tooManyWatches(r, c) {
			wrong = append(wrong, fmt.Sprintf("%s: %s; %s", v.cluster, v.text, r.Situation(v.cluster, v.at)))
			instants = append(instants, v.at)
		}
	}
	left := make([]string, len(r.Left))
	for i, l := range r.Left {
		instants = append(instants, l.At)
		left[i] = fmt.Sprintf("%s still there at %s, after %s", l.What, record.Stamp(l.At), l.After)
	}
	// What keeps goroutines alive is what is left besides, so they come last: their stacks are long.
	slices.SortFunc(left, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, goroutines), strings.Count(b, goroutines)), cmp.Compare(a, b))
	})
	wrong = append(wrong, left...)
	switch {
	case len(wrong) > 0:
		return failed(o, "", slices.Min(instants), "%s", strings.Join(wrong, "; "))
	case r.ManagerClose < 0:
		return passed(o, "nothing left, the manager was never closed")
	case r.Outlives:
		return passed(o, "no watch left behind by a move to another member; the manager goes on after the run, so nothing else was looked for")
	}
	return passed(o, "nothing left, Close took %s", of(r.ManagerClosed-r.ManagerClose, closeAllowed(r)))
}

// closeAllowed is how long Close may take.
func closeAllowed(r *record.Record) time.Duration {
	for _, f := range r.Faults {
		if len(f.Scope.Unreachable) > 0 && f.From <= r.ManagerClose && r.ManagerClose < r.Ended(f.To) {
			return r.Bounds().Close() + r.Bounds().Farewell()
		}
	}
	return r.Bounds().Close()
}

func slowClose(r *record.Record) string {
	allowed := closeAllowed(r)
	var took time.Duration
	switch {
	case r.ManagerClose < 0:
		return ""
	case r.ManagerClosed < 0:
		return fmt.Sprintf("Close, called at %s, never returned, %s allowed%s", record.Stamp(r.ManagerClose), brief(allowed), situations(r, r.ManagerClose))
	default:
		took = r.ManagerClosed - r.ManagerClose
	}
	if took <= allowed {
		return ""
	}
	return fmt.Sprintf("Close, called at %s, took %s%s", record.Stamp(r.ManagerClose), of(took, allowed), situations(r, r.ManagerClose))
}

// situations describes the situations of all clusters, since Close waits for the slowest of them.
func situations(r *record.Record, at time.Duration) string {
	var all strings.Builder
	for _, c := range r.Clusters {
		fmt.Fprintf(&all, "; %s: %s", c.Name, r.Situation(c.Name, at))
	}
	return all.String()
}
