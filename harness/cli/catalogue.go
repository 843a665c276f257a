package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/names"
)

// Catalogue is what a command offers: the managers that it can test and the scenarios that it can run them through.
type Catalogue struct {
	// Candidates are the managers that can be tested; at least one is needed, and each needs a name of its own and a workload. The first is
	// the default of --manager.
	Candidates []harness.Candidate
	// Scenarios are the scenarios that run can execute. With none, try and bench still work.
	Scenarios []harness.Scenario
}

// check reports every mistake because of which no command can be made of the catalogue.
func (c Catalogue) check() error {
	var errs []error
	if len(c.Candidates) == 0 {
		errs = append(errs, errors.New("the catalogue has no candidate: cli.Main needs at least one manager to test"))
	}
	for _, m := range c.Candidates {
		if len(m.Workloads) == 0 {
			errs = append(errs, fmt.Errorf("candidate %s names no workload: it needs at least one to be run with", m.Name))
		}
	}
	for _, twice := range repeated(c.candidateNames()) {
		errs = append(errs, fmt.Errorf("two candidates are called %q: names must differ", twice))
	}
	for _, twice := range repeated(c.scenarioNames()) {
		errs = append(errs, fmt.Errorf("two scenarios are called %q: names must differ", twice))
	}
	return errors.Join(errs...)
}

// repeated returns the names that a list contains more than once.
func repeated(list []string) []string {
	sorted := slices.Sorted(slices.Values(list))
	var twice []string
	for i, name := range sorted {
		if i > 0 && name == sorted[i-1] {
			twice = append(twice, name)
		}
	}
	return slices.Compact(twice)
}

func (c Catalogue) candidateNames() []string {
	list := make([]string, len(c.Candidates))
	for i, m := range c.Candidates {
		list[i] = m.Name
	}
	return list
}

func (c Catalogue) scenarioNames() []string {
	list := make([]string, len(c.Scenarios))
	for i, s := range c.Scenarios {
		list[i] = s.Name
	}
	return list
}

// candidate finds a candidate by name.
func (c Catalogue) candidate(name string) (harness.Candidate, error) {
	all := c.candidateNames()
	if i := slices.Index(all, name); i >= 0 {
		return c.Candidates[i], nil
	}
	return harness.Candidate{}, names.Unknown("manager", name, all)
}

// scenario finds a scenario by name.
func (c Catalogue) scenario(name string) (harness.Scenario, error) {
	all := c.scenarioNames()
	if i := slices.Index(all, name); i >= 0 {
		return c.Scenarios[i], nil
	}
	if len(all) == 0 {
		return harness.Scenario{}, errNoScenarios
	}
	return harness.Scenario{}, names.Unknown("scenario", name, all)
}

var errNoScenarios = errors.New("this command's catalogue has no scenario: use try, which runs a schedule")

// workloads returns the workloads of all candidates without repetition, in the order of their first appearance.
func (c Catalogue) workloads() []*harness.Workload {
	var list []*harness.Workload
	for _, m := range c.Candidates {
		for _, w := range m.Workloads {
			if !slices.ContainsFunc(list, func(o *harness.Workload) bool { return o.Name == w.Name }) {
				list = append(list, w)
			}
		}
	}
	return list
}

// checkWorkload returns an error unless a candidate can be run with the named workload. An empty name means the candidate's usual one.
func checkWorkload(m harness.Candidate, name string) error {
	var all []string
	for _, w := range m.Workloads {
		all = append(all, w.Name)
	}
	if name == "" || slices.Contains(all, name) {
		return nil
	}
	return fmt.Errorf("the %s manager cannot be run with the workload %q; it can be with %v", m.Name, name, all)
}
