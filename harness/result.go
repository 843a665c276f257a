package harness

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/oracle"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Result is what a run ends in.
type Result struct {
	Scenario, Engine, Manager string
	Seed                      uint64
	Passed                    bool
	// Failover is the longest that a RequireFailover of the scenario measured, Bound the one it was allowed. Bound is zero if the
	// scenario measures none; Failover is negative if the view was not back in time.
	Failover, Bound time.Duration
	// MaxStaleness is the largest staleness of any cluster's view after it was complete for the first time.
	MaxStaleness time.Duration
	// Wall is how long the run took by the wall clock, Virtual by its own; the same on the embedded engine.
	Wall, Virtual time.Duration
	Verdicts      []record.Verdict
	// Again is the command that runs it again.
	Again  string
	Record *record.Record
}

// judge fills in what follows from the record.
func (r *Result) judge(rec *record.Record, failure error) {
	r.Record = rec
	r.Virtual = rec.End
	r.MaxStaleness = rec.MaxStaleness()
	if failure != nil {
		r.Verdicts = append(r.Verdicts, record.Verdict{Oracle: "scenario", Evidence: failure.Error()})
	}
	for _, e := range rec.Checks {
		r.Verdicts = append(r.Verdicts, e.Verdict)
		if e.Bound > 0 && r.Failover >= 0 && (e.Took < 0 || e.Took >= r.Failover) {
			r.Failover, r.Bound = e.Took, e.Bound
		}
	}
	for _, o := range oracle.All() {
		v := o.Judge(rec)
		v.Oracle = o.Name()
		r.Verdicts = append(r.Verdicts, v)
	}
	r.Passed = true
	for _, v := range r.Verdicts {
		r.Passed = r.Passed && v.Passed
	}
}

// Failed are the verdicts that failed.
func (r *Result) Failed() []record.Verdict {
	var failed []record.Verdict
	for _, v := range r.Verdicts {
		if !v.Passed {
			failed = append(failed, v)
		}
	}
	return failed
}

// String says what failed, with the evidence and the command that runs it again, or that everything passed.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s with the %s manager: ", r.Scenario, r.Engine, r.Manager)
	if r.Passed {
		b.WriteString("passed")
		return b.String()
	}
	b.WriteString("FAILED")
	for _, v := range r.Failed() {
		fmt.Fprintf(&b, "\n  %s: %s", v.Oracle, v.Evidence)
	}
	fmt.Fprintf(&b, "\n  again: %s", r.Again)
	return b.String()
}

// MarshalJSON writes the result as one object, times in milliseconds; failover_ms is null if the view was not back in time, and
// so is bound_ms, with it, where the scenario measures none.
func (r *Result) MarshalJSON() ([]byte, error) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	var failover, bound *float64
	if r.Bound > 0 {
		b := ms(r.Bound)
		bound = &b
		if r.Failover >= 0 {
			f := ms(r.Failover)
			failover = &f
		}
	}
	return json.Marshal(struct {
		Scenario     string           `json:"scenario"`
		Engine       string           `json:"engine"`
		Manager      string           `json:"manager"`
		Seed         uint64           `json:"seed"`
		Passed       bool             `json:"passed"`
		Failover     *float64         `json:"failover_ms"`
		Bound        *float64         `json:"bound_ms"`
		MaxStaleness float64          `json:"max_staleness_ms"`
		Wall         float64          `json:"wall_ms"`
		Virtual      float64          `json:"virtual_ms"`
		Verdicts     []record.Verdict `json:"verdicts"`
		Again        string           `json:"again"`
		Digest       string           `json:"digest"`
	}{r.Scenario, r.Engine, r.Manager, r.Seed, r.Passed, failover, bound, ms(r.MaxStaleness), ms(r.Wall), ms(r.Virtual), r.Verdicts, r.Again, r.Record.Digest()})
}
