package record

import (
	"strings"
	"time"
)

// Recovered says how long a cluster's view took to be fresh again after a fault.
type Recovered struct {
	// Fault is the name of the fault, without its arguments.
	Fault string
	// Took counts from the begin of the fault, see [Record.Recovery]. It is negative if the view was not fresh again within Allowed.
	Took, Allowed time.Duration
}

// Recoveries are the recoveries from all faults of the run whose recovery can be measured by itself: in the fault's cluster nothing else changed while
// the view was to recover from it, and nothing else was in force, or being recovered from, when it began. The others are left out, however they went,
// so that the recoveries of many runs are a fair sample.
//
// A fault that is healed before its allowance is over allows the same time again from its heal on:
//
//	lasts   ├─ fault ──────────────────►        heals   ├─ fault ──┤
//	        ├─ Recovery ───┤                            ├──────────┼─ Recovery ───┤
//	        └─ Allowed ────┘                            └─ Allowed ───────────────┘
func (r *Record) Recoveries() []Recovered {
	var list []Recovered
	for i, f := range r.Faults {
		t, managed := r.TenureAt(f.Scope.Cluster, f.From)
		if !managed || f.Allowance.Recovery == 0 {
			continue
		}
		deadline := f.From + f.Allowance.Recovery
		if f.To >= 0 && f.To < deadline {
			deadline = f.To + f.Allowance.Recovery
		}
		if deadline > r.Until(t) || !r.alone(t, i, deadline) {
			continue
		}
		name, _, _ := strings.Cut(f.Text, "(")
		took, fresh := r.recovered(t, f.From, deadline)
		if !fresh {
			if r.calm(t, deadline) {
				continue // nothing was committed that the view could have shown
			}
			took = -1
		}
		list = append(list, Recovered{Fault: name, Took: took, Allowed: deadline - f.From})
	}
	return list
}

// calm says whether the view of a tenure is no staler than calm at an instant.
func (r *Record) calm(t Tenure, at time.Duration) bool {
	points := r.stalenessUntil(t, at)
	return points[len(points)-1].Staleness <= r.CalmAt(t.Cluster, at)
}

// alone says whether from the begin of fault i until an instant of the same tenure nothing but that fault allows the view to be stale.
func (r *Record) alone(t Tenure, i int, until time.Duration) bool {
	f := r.Faults[i]
	overlaps := func(cluster string, from, to time.Duration) bool {
		return cluster == t.Cluster && from <= until && r.Ended(to) >= f.From
	}
	for j, other := range r.Faults {
		if j != i && overlaps(other.Scope.Cluster, other.From, other.To) {
			return false
		}
	}
	for _, l := range r.Losses {
		if overlaps(l.Cluster, l.From, l.To) {
			return false
		}
	}
	for _, rest := range r.Rests {
		if overlaps(rest.Cluster, rest.From, rest.To) {
			return false
		}
	}
	before := *r // without the fault, to see whether an earlier one is being recovered from
	before.Faults = append(append([]Fault(nil), r.Faults[:i]...), r.Faults[i+1:]...)
	for _, l := range before.Allowed(t) {
		if l.Any && l.From <= f.From && f.From < l.To {
			return false
		}
	}
	return true
}
