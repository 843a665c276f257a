package oracle

import (
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Load requires something of the run, not of the manager: in every tenure, each kind that the manager shows was written without a gap longer
// than the kind's Every load intervals plus [bound.Bounds.Failover]. Time in which the scenario stopped the load, the quorum was lost, or
// writes were refused does not count. Otherwise the run is not judged, for a view cannot be wrong while nothing is written.
type Load struct{}

// Name is "load".
func (Load) Name() string { return "load" }

// Judge finds the longest gap between two commits of each kind.
func (o Load) Judge(r *record.Record) record.Verdict {
	if len(r.Tenures) == 0 {
		return notAsked(o, "the manager never had a cluster")
	}
	for _, t := range r.Tenures {
		for _, k := range r.Kinds {
			if k.Every == 0 {
				continue
			}
			limit := time.Duration(k.Every)*r.Timing.Load + r.Bounds().Failover()
			if from, to, found := longestGap(r, t, k.Name); found && to-from > limit {
				return record.Verdict{Oracle: o.Name(), Outcome: record.NotJudged, Evidence: fmt.Sprintf(
					"%s: nothing of kind %s was written from %s to %s, so that there is nothing to judge a view by",
					t.Cluster, k.Name, record.Stamp(from), record.Stamp(to))}
			}
		}
	}
	return passed(o, "every kind was written in every cluster")
}

// longestGap is the longest time in a tenure in which the load ran and no subject of a kind was written.
func longestGap(r *record.Record, t record.Tenure, kind string) (from, to time.Duration, found bool) {
	marks := []time.Duration{t.From}
	for _, c := range r.Commits {
		if c.Cluster == t.Cluster && c.Subject.Kind == kind && !c.Restored && c.At > t.From && c.At < r.Until(t) {
			marks = append(marks, c.At)
		}
	}
	marks = append(marks, r.Until(t))
	pauses := pauses(r, t.Cluster)
	for i := 1; i < len(marks); i++ {
		for _, s := range pauses.without(span{marks[i-1], marks[i]}) {
			if s.to-s.from > to-from {
				from, to, found = s.from, s.to, true
			}
		}
	}
	return from, to, found
}

// pauses are the times in which the load was stopped or nothing could be committed.
func pauses(r *record.Record, cluster string) spans {
	var all []span
	for _, rest := range r.Rests {
		if rest.Cluster == cluster {
			all = append(all, span{rest.From, r.Ended(rest.To)})
		}
	}
	for _, l := range r.Losses {
		if l.Cluster == cluster && l.Of != record.LostReach {
			all = append(all, span{l.From, r.Ended(l.To)})
		}
	}
	return union(all)
}

// without returns the parts of whole that are in none of s.
func (s spans) without(whole span) []span {
	var left []span
	for _, one := range s {
		if one.to <= whole.from || one.from >= whole.to {
			continue
		}
		if one.from > whole.from {
			left = append(left, span{whole.from, one.from})
		}
		whole.from = one.to
	}
	if whole.from < whole.to {
		left = append(left, whole)
	}
	return left
}
