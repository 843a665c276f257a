package cli

import (
	"maps"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// order is what a child process is to do. It names everything, since a child can be handed no functions; the child has the same catalogue.
//
// The text of an order is a part of the child's memory, and so of what an exact replay depends on: what does not change a run is not in it.
type order struct {
	Story                     story
	Engine, Manager, Workload string
	Seed                      uint64
	Within                    harness.Limits
	// Measure is how many seeds, from Seed on, are to be measured, see bench. Zero: one run is to be made and judged.
	Measure int `json:",omitempty"`
}

// story says which scenario is meant: the one of the catalogue that has the name, or one that is made of a schedule or of a fault whose
// recovery is to be measured.
type story struct {
	Name     string
	Schedule string `json:",omitempty"`
	Fault    string `json:",omitempty"`
}

// scenario finds the scenario, or makes it.
func (s story) scenario(c Catalogue) (harness.Scenario, error) {
	switch {
	case s.Schedule != "":
		parsed, err := schedule.Parse(s.Schedule)
		return parsed.Scenario(s.Name), err
	case s.Fault != "":
		return measuring(s.Name, s.Fault)
	}
	return c.scenario(s.Name)
}

// candidate is the one that is meant, with the limits of the order before its own.
func (o order) candidate(c Catalogue) (harness.Candidate, error) {
	m, err := c.candidate(o.Manager)
	m.Within = promised(m.Within, o.Within)
	return m, err
}

// promised are a candidate's limits with those of an order put over them. A limit for every fault replaces all that the candidate has.
func promised(own, over harness.Limits) harness.Limits {
	if over.Any > 0 {
		own = harness.Limits{Any: over.Any}
	}
	of := map[string]time.Duration{}
	maps.Copy(of, own.Of)
	maps.Copy(of, over.Of)
	return harness.Limits{Any: own.Any, Of: of}
}

// unjudged is the result of an order that could not be carried out.
func (o order) unjudged(c Catalogue, cause error) *harness.Result {
	r := harness.Result{Scenario: o.Story.Name, Engine: o.Engine, Manager: o.Manager, Workload: o.Workload, Seed: o.Seed}
	if m, err := c.candidate(o.Manager); err == nil && r.Workload == "" {
		r.Workload = m.Workloads[0].Name
	}
	return harness.NotJudged(r, cause)
}
