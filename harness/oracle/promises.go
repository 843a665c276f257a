package oracle

import (
	"fmt"
	"slices"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Promises requires something of etcd and of the harness, not of the manager: what the manager's watches received was ordered, unique, atomic and
// complete (package wire checks it). If a promise was broken and no fault broke it on purpose, the run is not judged, since a manager cannot be right
// about what etcd did not tell it.
type Promises struct{}

// Name is "watch promises".
func (Promises) Name() string { return "watch promises" }

// Judge looks for a broken promise that no fault explains.
func (o Promises) Judge(r *record.Record) record.Verdict {
	var onPurpose, unexplained []record.Broken
	for _, b := range r.Broken {
		if brokenBy(r, b) == "" {
			unexplained = append(unexplained, b)
		} else {
			onPurpose = append(onPurpose, b)
		}
	}
	switch {
	case len(unexplained) > 0:
		b := unexplained[0]
		evidence := fmt.Sprintf("etcd or a link, and not the manager, broke a promise of the watch of %s on %s/%s, created at %s: at %s %s; %s",
			b.Key, b.Cluster, b.Member, record.Stamp(b.Opened), record.Stamp(b.At), b.Problem, r.Situation(b.Cluster, b.At))
		if n := len(unexplained); n > 1 {
			evidence += fmt.Sprintf("; this is the first of %d violations", n)
		}
		return record.Verdict{Oracle: o.Name(), Outcome: record.NotJudged, Evidence: evidence}
	case len(onPurpose) > 0:
		return passed(o, "%s broken by %s, on purpose", plural(len(onPurpose), "promise", "promises"), brokenBy(r, onPurpose[0]))
	case !slices.ContainsFunc(r.Traffic, func(t record.Traffic) bool { return t.Watches > 0 }):
		return notAsked(o, "no watch was seen on the wire")
	}
	return passed(o, "what the watches received was ordered, unique, atomic and complete")
}

// brokenBy is the fault that broke a promise on purpose; empty if there is none. Since all watches of a key are compared, a gap may be found on a
// watch that came after the one with the gap, so any such fault in the cluster up to that instant counts.
func brokenBy(r *record.Record, b record.Broken) string {
	for _, f := range r.Faults {
		if f.Scope.Cluster == b.Cluster && f.From <= b.At && len(f.Scope.Withheld) > 0 {
			return f.Text
		}
	}
	return ""
}
