package record

import (
	"fmt"
	"time"
)

// Outcome is the outcome of a verdict or of a whole run.
type Outcome string

// The outcomes. Only the first two say anything about the manager.
const (
	// Passed says that the property holds.
	Passed Outcome = "passed"
	// Failed says that the manager violated the property.
	Failed Outcome = "failed"
	// NotAsked says that the property does not apply to this manager, or that nothing in the run put it to the test.
	NotAsked Outcome = "not asked"
	// NotJudged says that the run could not be completed, or that the manager cannot be judged by it because nothing was written.
	NotJudged Outcome = "not judged"
)

// Verdict is the judgement of an oracle on a run. If it failed, Cluster and At say where and when the evidence begins. Cluster is empty if it is not
// one cluster's, and At zero if it has no instant. Manager is the number of the manager that it is about, if that is not the first one.
type Verdict struct {
	Oracle   string        `json:"oracle"`
	Outcome  Outcome       `json:"outcome"`
	Evidence string        `json:"evidence,omitempty"`
	Cluster  string        `json:"cluster,omitempty"`
	Manager  int           `json:"manager,omitempty"`
	At       time.Duration `json:"-"`
}

func (v Verdict) String() string {
	word := string(v.Outcome)
	if v.Outcome == Failed {
		word = "FAILED"
	}
	if v.Evidence == "" {
		return fmt.Sprintf("%s %s", v.Oracle, word)
	}
	return fmt.Sprintf("%s %s: %s", v.Oracle, word, v.Evidence)
}
