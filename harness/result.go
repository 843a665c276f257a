package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/oracle"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Result is what a run ends in.
type Result struct {
	Scenario, Engine, Manager, Workload string
	Seed                                uint64
	// Outcome is that of the run. Only [record.Passed] and [record.Failed] say anything of the manager. A scenario whose faults the engine has
	// not got is [record.NotAsked].
	Outcome record.Outcome
	// Cause is why the run cannot be judged; empty if it was. Usage says that it was asked for wrongly.
	Cause string
	Usage bool
	// Recovery is the longest that a RequireRecovery of the scenario measured, Bound the one it was allowed. Bound is zero if the
	// scenario measures none; Recovery is negative if the view was not back in time.
	Recovery, Bound time.Duration
	// MaxStaleness is the largest staleness of any cluster's view after it was complete for the first time.
	MaxStaleness time.Duration
	// Wall is how long the run took by the wall clock, Virtual by its own; the same where time is real.
	Wall, Virtual time.Duration
	Verdicts      []record.Verdict
	// Again is the command that runs it again.
	Again  string
	Record *record.Record
}

// NotJudged is the result of a run that could not be made.
func NotJudged(r Result, cause error) *Result {
	r.judge(record.Empty(), cause)
	return &r
}

// judge fills in what follows from the record. A cause says why there is nothing to be judged.
func (r *Result) judge(rec *record.Record, cause error) {
	r.Record = rec
	r.Virtual = rec.End
	if cause != nil {
		var usage *UsageError
		var unsupported *UnsupportedError
		r.Outcome, r.Cause, r.Usage = record.NotJudged, cause.Error(), errors.As(cause, &usage)
		if errors.As(cause, &unsupported) {
			r.Outcome = record.NotAsked
		}
		return
	}
	r.MaxStaleness = rec.MaxStaleness()
	for _, e := range rec.Checks {
		if e.Bound > 0 && r.Recovery >= 0 && (e.Took < 0 || e.Took >= r.Recovery) {
			r.Recovery, r.Bound = e.Took, e.Bound
		}
	}
	judged := oracle.Judge(rec)
	r.Verdicts = append(requirements(rec, judged), judged...)
	r.Outcome = record.Passed
	for _, v := range r.Verdicts {
		switch {
		case v.Outcome == record.Failed:
			r.Outcome = record.Failed
		case v.Outcome == record.NotJudged && r.Outcome == record.Passed:
			r.Outcome, r.Cause = record.NotJudged, v.Oracle+": "+v.Evidence
		}
	}
}

// requirements are the verdicts on what the scenario required. One that failed because a view was not fresh is left out where an oracle has
// found that too, or that the view could not be seen: one mistake is one verdict.
func requirements(rec *record.Record, judged []record.Verdict) []record.Verdict {
	found := slices.ContainsFunc(judged, func(v record.Verdict) bool {
		return v.Outcome == record.Failed && slices.Contains([]string{
			oracle.Freshness{}.Name(), oracle.Isolation{}.Name(), oracle.Honesty{}.Name(),
		}, v.Oracle)
	})
	var list []record.Verdict
	for _, e := range rec.Checks {
		if e.Outcome != record.Failed || !e.Fresh || !found {
			list = append(list, e.Verdict)
		}
	}
	return list
}

// Failed are the verdicts that failed.
func (r *Result) Failed() []record.Verdict { return r.those(record.Failed) }

// NotAsked are the verdicts on what does not apply to the manager, or was not asked.
func (r *Result) NotAsked() []record.Verdict { return r.those(record.NotAsked) }

func (r *Result) those(outcome record.Outcome) []record.Verdict {
	var list []record.Verdict
	for _, v := range r.Verdicts {
		if v.Outcome == outcome {
			list = append(list, v)
		}
	}
	return list
}

// String says what failed, with the evidence and the command that runs it again, or that everything passed, or why it was not judged.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s with the %s manager: ", r.Scenario, r.Engine, r.Manager)
	switch r.Outcome {
	case record.Passed:
		b.WriteString("passed")
		return b.String()
	case record.NotJudged, record.NotAsked:
		fmt.Fprintf(&b, "%s: %s", r.Outcome, r.Cause)
	default:
		b.WriteString("FAILED")
		for _, v := range r.Failed() {
			fmt.Fprintf(&b, "\n  %s: %s", v.Oracle, v.Evidence)
		}
	}
	if r.Again != "" {
		fmt.Fprintf(&b, "\n  again: %s", r.Again)
	}
	return b.String()
}

// MarshalJSON writes the result as one object, times in milliseconds; recovery_ms is null if the view was not back in time, and
// so is bound_ms, with it, where the scenario measures none.
func (r *Result) MarshalJSON() ([]byte, error) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	var recovery, bound *float64
	if r.Bound > 0 {
		b := ms(r.Bound)
		bound = &b
		if r.Recovery >= 0 {
			f := ms(r.Recovery)
			recovery = &f
		}
	}
	return json.Marshal(struct {
		Scenario     string           `json:"scenario"`
		Engine       string           `json:"engine"`
		Manager      string           `json:"manager"`
		Workload     string           `json:"workload"`
		Seed         uint64           `json:"seed"`
		Outcome      record.Outcome   `json:"outcome"`
		Cause        string           `json:"cause,omitempty"`
		Recovery     *float64         `json:"recovery_ms"`
		Bound        *float64         `json:"bound_ms"`
		MaxStaleness float64          `json:"max_staleness_ms"`
		Wall         float64          `json:"wall_ms"`
		Virtual      float64          `json:"virtual_ms"`
		Verdicts     []record.Verdict `json:"verdicts"`
		Again        string           `json:"again"`
		Digest       string           `json:"digest"`
	}{
		r.Scenario, r.Engine, r.Manager, r.Workload, r.Seed, r.Outcome, r.Cause, recovery, bound, ms(r.MaxStaleness), ms(r.Wall),
		ms(r.Virtual), r.Verdicts, r.Again, r.Record.Digest(),
	})
}
