package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
)

// explanation is what explain says of a scenario, as an object. Lengths are in milliseconds.
type explanation struct {
	Scenario string           `json:"scenario"`
	Summary  string           `json:"summary"`
	Incident string           `json:"incident,omitempty"`
	Clusters []explainedSpec  `json:"clusters"`
	Faults   []explainedFault `json:"faults"`
	// Calm is how far a view may lag behind when nothing excuses more. Registered is how long own keys may be missing; zero if the manager keeps none.
	Calm       float64 `json:"calm_ms"`
	Registered float64 `json:"registered_ms,omitempty"`
	// Runs are the results of the managers, as those of run --json.
	Runs []*harness.Result `json:"runs"`
}

type explainedSpec struct {
	Name    string `json:"name"`
	Members int    `json:"members"`
}

// explainedFault is the first fault of a name, with its members by what they were, and Times how often the scenario has one of that name.
type explainedFault struct {
	Fault string `json:"fault"`
	About string `json:"about"`
	Times int    `json:"times"`
	// Bound is the name of its allowance, which is the sum of Terms. From the begin of the fault, and again from its end, the view must be fresh again within
	// Recovery; Lasting is how much staler than calm it may be meanwhile.
	Bound    string          `json:"bound"`
	Recovery float64         `json:"recovery_ms"`
	Lasting  float64         `json:"lasting_ms,omitempty"`
	Terms    []explainedTerm `json:"terms,omitempty"`
}

type explainedTerm struct {
	What string  `json:"what"`
	Long float64 `json:"ms"`
}

// explanationOf is what explain says of a scenario, as it follows from one run of each manager.
func explanationOf(s harness.Scenario, runs []*harness.Result) explanation {
	r := runs[0].Record
	b := r.Bounds()
	e := explanation{
		Scenario: s.Name, Summary: s.Summary, Incident: s.Incident, Clusters: []explainedSpec{}, Faults: []explainedFault{}, Calm: milliseconds(b.Calm()),
		Runs: runs,
	}
	if b.Timing.Refresh > 0 {
		e.Registered = milliseconds(b.Registered())
	}
	for _, spec := range s.Clusters {
		e.Clusters = append(e.Clusters, explainedSpec{spec.Name, spec.Members})
	}
	for _, f := range firstOfEach(r.Faults) {
		e.Faults = append(e.Faults, explainedFault{
			Fault: byRole(r, f), About: about(f), Times: countOf(r.Faults, f), Bound: f.Allowance.Name,
			Recovery: milliseconds(f.Allowance.Recovery), Lasting: milliseconds(f.Allowance.Lasting), Terms: explainedTerms(b, f),
		})
	}
	return e
}

func explainedTerms(b bound.Bounds, f record.Fault) (list []explainedTerm) {
	for _, t := range b.Terms(f.Allowance.Name) {
		list = append(list, explainedTerm{t.What, milliseconds(t.Long)})
	}
	return list
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// write writes the explanation as one line of JSON.
func (e explanation) write(to io.Writer) error {
	if err := json.NewEncoder(to).Encode(e); err != nil {
		return unfinished{fmt.Errorf("write the explanation of %s: %w", e.Scenario, err)}
	}
	return nil
}
