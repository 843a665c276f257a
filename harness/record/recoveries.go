package record

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Recovered is how long a cluster's view took to recover from one change of one fault.
type Recovered struct {
	Cluster string
	// Fault is the kind of the fault, such as HangDisk. Healed says that the recovery is from its end and not from its begin.
	Fault  string
	Healed bool
	// At is the instant of the change.
	At time.Duration
	// Took is how long the view took to be fresh again, see [Record.Recovery]. It is negative if the view was not fresh again within Allowed.
	Took, Allowed time.Duration
}

// Recoveries returns the recoveries of a run from the begins and the ends of its faults, in the order of their instants. A recovery is left out if
// nobody can say how long it took: the next change came before the view was fresh again, the cluster could not commit or be reached meanwhile, or the
// manager had just been given the cluster.
func (r *Record) Recoveries() []Recovered {
	var all []Recovered
	for _, t := range r.Tenures {
		faults := slices.DeleteFunc(slices.Clone(r.Faults), func(f Fault) bool { return f.Scope.Cluster != t.Cluster })
		start := r.startOf(t)
		for _, at := range r.changes(t, faults) {
			f, allowed := r.worst(faults, at)
			if allowed == 0 || at <= start.To || at >= r.Until(t) || f.From != at && f.To != at {
				continue
			}
			if took, known := r.recoveredBy(t, faults, at, allowed); known {
				all = append(all, Recovered{Cluster: t.Cluster, Fault: f.Kind(), Healed: f.To == at, At: at, Took: took, Allowed: allowed})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Recovered) int { return cmp.Compare(a.At, b.At) })
	return all
}

// Kind is the name of the fault, without its arguments.
func (f Fault) Kind() string {
	kind, _, _ := strings.Cut(f.Text, "(")
	return kind
}

// changes are the instants at which the circumstances of a tenure change and the view may have to recover, in order.
func (r *Record) changes(t Tenure, faults []Fault) []time.Duration {
	changes := beginsAndEnds(faults)
	for _, rest := range r.Rests {
		if rest.Cluster == t.Cluster {
			changes = append(changes, rest.From)
			if rest.To >= 0 {
				changes = append(changes, rest.To)
			}
		}
	}
	slices.Sort(changes)
	return slices.Compact(changes)
}

// recoveredBy measures the recovery from a change, up to the next change or to the deadline, whichever is first. It is not known if the view was not
// fresh at the next change, or nothing was committed that it could have shown.
func (r *Record) recoveredBy(t Tenure, faults []Fault, at, allowed time.Duration) (took time.Duration, known bool) {
	end := min(at+allowed, r.Until(t))
	for _, next := range r.changes(t, faults) {
		if next > at {
			end = min(end, next)
		}
	}
	for _, l := range r.Losses {
		if l.Cluster == t.Cluster && l.From < end && r.Ended(l.To) > at {
			return 0, false
		}
	}
	fresh, stale, back := false, false, time.Duration(0)
	for _, p := range r.stalenessUntil(t, end) {
		stale = p.Staleness > r.CalmAt(t.Cluster, p.At)
		switch {
		case p.At < at:
		case stale:
			fresh = false
		case !fresh && p.Newest > at:
			fresh, back = true, p.At
		}
	}
	switch {
	case fresh:
		return back - at, true
	case stale && end == at+allowed:
		return -1, true
	}
	return 0, false
}
