package cli

import (
	"maps"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bench"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// order says what a child process is to do. It holds names, since functions cannot be sent to another process; the child looks them up in the
// same catalogue.
//
// The child's memory contains the text of its order, and an exact replay depends on the layout of that memory. So an order contains nothing that
// does not change the run.
type order struct {
	Story                     story
	Engine, Manager, Workload string
	Seed                      uint64
	Within                    harness.Limits
	// Brief makes the run with [bound.Timing.Brief].
	Brief bool `json:",omitempty"`
	// Then are the runs that the child makes after this one, see runsInChild. Records says that their results have their records; else these are dropped.
	Then    []order `json:",omitempty"`
	Records bool    `json:",omitempty"`
	// Measure is the number of seeds, from Seed on, whose recovery the child is to measure for bench. Zero: it is to make and judge one run.
	Measure int `json:",omitempty"`
	// Set is an interval that is replaced in what is measured; nil if none is.
	Set *bench.Setting `json:",omitempty"`
}

// story says which scenario to run. If Schedule is set, it is made from that schedule; otherwise it is the scenario of the catalogue called Name. For an
// order to measure, Name and Fault are those of the [bench.Case].
type story struct {
	Name     string
	Schedule string `json:",omitempty"`
	Fault    string `json:",omitempty"`
}

// scenario finds the scenario in the catalogue, or makes it.
func (s story) scenario(c Catalogue) (harness.Scenario, error) {
	switch {
	case s.Schedule != "":
		parsed, err := schedule.Parse(s.Schedule)
		return parsed.Scenario(s.Name), err
	}
	return c.scenario(s.Name)
}

// candidate finds the order's candidate. The order's limits override the candidate's own.
func (o order) candidate(c Catalogue) (harness.Candidate, error) {
	m, err := c.candidate(o.Manager)
	m.Within = override(m.Within, o.Within)
	return m, err
}

// override returns a candidate's own limits as changed by those of an order. An order's limit for every fault replaces all limits of the
// candidate.
func override(own, over harness.Limits) harness.Limits {
	if over.Any > 0 {
		own = harness.Limits{Any: over.Any}
	}
	of := map[string]time.Duration{}
	maps.Copy(of, own.Of)
	maps.Copy(of, over.Of)
	return harness.Limits{Any: own.Any, Of: of}
}

// unjudged makes the result of an order that could not be carried out.
func (o order) unjudged(c Catalogue, cause error) *harness.Result {
	r := harness.Result{Scenario: o.Story.Name, Engine: o.Engine, Manager: o.Manager, Workload: o.Workload, Seed: o.Seed}
	if m, err := c.candidate(o.Manager); err == nil && r.Workload == "" {
		r.Workload = m.Workloads[0].Name
	}
	return harness.NotJudged(r, cause)
}
