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

// Result is the outcome of one run, with the verdicts and the record that they follow from.
type Result struct {
	Scenario, Engine, Manager, Workload string
	Seed                                uint64
	// Outcome is the outcome of the run. Only [record.Passed] and [record.Failed] say anything about the manager. It is [record.NotAsked] if the
	// engine does not support a fault of the scenario, or the scenario has nothing to ask of the manager.
	Outcome record.Outcome
	// Cause says why the run was not judged; empty if it was. Usage says that the caller made a mistake, for example an unknown name.
	Cause string
	Usage bool
	// Stalled says that the machine stalled, and how long; nil if it kept up. Then the run is not judged unless it passed. The same run may well be judged
	// another time.
	Stalled *StalledError
	// Recovery is the longest recovery that the scenario measured, and Bound how long it was allowed to take. Bound is zero if the scenario
	// measured none. Recovery is negative if the view was not fresh again in time.
	Recovery, Bound time.Duration
	// MaxStaleness is the largest staleness of any cluster's view after it was complete for the first time.
	MaxStaleness time.Duration
	// Wall is how long the run took by the wall clock, Virtual how long by the engine's clock. Where time is real, both are that time, except
	// that Virtual leaves out what happened before and after the world.
	Wall, Virtual time.Duration
	Verdicts      []record.Verdict
	// Again is the command that makes the run again; empty if the caller gave none.
	Again  string
	Record *record.Record
	// Digest is that of the record, for a result whose record was dropped; else empty.
	Digest string
}

// NotJudged completes r as the result of a run that could not be made because of cause.
func NotJudged(r Result, cause error) *Result {
	r.judge(record.Empty(), cause)
	return &r
}

// judge fills in the fields that follow from the record. If cause is not nil, it says why the run is not judged.
func (r *Result) judge(rec *record.Record, cause error) {
	r.Record = rec
	r.Virtual = rec.End
	if cause != nil {
		var usage *usageError
		var unsupported *UnsupportedError
		var notAsked *notAskedError
		r.Outcome, r.Cause, r.Usage = record.NotJudged, cause.Error(), errors.As(cause, &usage)
		if errors.As(cause, &unsupported) || errors.As(cause, &notAsked) {
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
	// What a manager does with a watch that does not keep its promises says nothing about the manager, even if it fails.
	promises := oracle.Promises{}.Name()
	i := slices.IndexFunc(r.Verdicts, func(v record.Verdict) bool { return v.Oracle == promises && v.Outcome == record.NotJudged })
	if i >= 0 {
		r.Outcome, r.Cause = record.NotJudged, promises+": "+r.Verdicts[i].Evidence
	}
}

// excuse makes r the result of a run during which the machine stalled. It is not judged then, unless it passed, or would have said nothing of the manager
// on any machine.
func (r *Result) excuse(stalled *StalledError) {
	r.Stalled = stalled
	switch {
	case r.Outcome == record.Failed:
		r.Cause = fmt.Sprintf("%v; without that, %s would have failed", stalled, strings.Join(r.FailedOracles(), ", "))
	case r.Outcome == record.NotJudged && !r.Usage:
		r.Cause = fmt.Sprintf("%s (%v)", r.Cause, stalled)
	default:
		return
	}
	r.Outcome, r.Verdicts = record.NotJudged, nil
	r.Recovery, r.Bound = 0, 0
}

// requirements are the verdicts on what the scenario required. It leaves out failed requirements of freshness if an oracle has found the same stale
// view, or that View did not answer, so that one mistake gives one verdict.
func requirements(rec *record.Record, judged []record.Verdict) []record.Verdict {
	found := slices.ContainsFunc(judged, func(v record.Verdict) bool {
		return v.Outcome == record.Failed && slices.Contains([]string{
			oracle.Freshness{}.Name(), oracle.Isolation{}.Name(), oracle.Honesty{}.Name(),
		}, v.Oracle)
	})
	var list []record.Verdict
	for _, e := range rec.Checks {
		if e.Outcome != record.Failed || !e.Fresh || !found {
			v := e.Verdict
			if v.Outcome == record.Failed {
				v.Cluster, v.At = e.Cluster, e.At
			}
			list = append(list, v)
		}
	}
	return list
}

// Failed are the verdicts that failed.
func (r *Result) Failed() []record.Verdict { return r.those(record.Failed) }

// FailedOracles are the names of the oracles and of the requirements that failed, each once, in the order of the verdicts.
func (r *Result) FailedOracles() []string {
	var list []string
	for _, v := range r.Failed() {
		if !slices.Contains(list, v.Oracle) {
			list = append(list, v.Oracle)
		}
	}
	return list
}

// NotAsked are the verdicts on properties that do not apply to the manager, or that nothing in the run put to the test.
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

// String prints the outcome in words: what failed, with the evidence, or why the run was not judged, and the command that makes it again.
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

// MarshalJSON writes the result as one object, with times in milliseconds. recovery_ms is null if the view was not fresh again in time; recovery_ms
// and bound_ms are both null if the scenario measured no recovery.
func (r *Result) MarshalJSON() ([]byte, error) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	digest := r.Digest
	if digest == "" {
		digest = r.Record.Digest()
	}
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
		ms(r.Virtual), r.Verdicts, r.Again, digest,
	})
}
