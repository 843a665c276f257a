package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bench"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/names"
)

// batchInVirtualTime is the number of seeds that one child process measures: large enough that starting the process costs little in comparison, small
// enough that progress is reported often. In real time each seed has a process of its own, since there a run takes long in comparison.
const batchInVirtualTime = 20

// series is one row of the table: what is measured, where, and how often.
type series struct {
	bench.Series
	engine engine
	// runs is how many seeds are to be measured, batch how many of them one process measures.
	runs, batch int
}

func (s *series) batches() int { return (s.runs + s.batch - 1) / s.batch }

// made says whether a run of the series was made. One that was asked for wrongly was not.
func (s *series) made() bool {
	return slices.ContainsFunc(s.Measured, func(m bench.Measurement) bool { return !m.Usage })
}

// title names the series in a line of progress or an error.
func (s *series) title() string {
	title := fmt.Sprintf("%s with the %s manager", s.Case.Name, s.Manager)
	if s.engine.name != virtualName {
		title += " on " + s.engine.name
	}
	if s.Set != nil {
		title += ", " + s.Set.String()
	}
	return title
}

// series makes a series for each chosen engine, case, manager and swept value, or returns an error if the command was used wrongly.
func (b *benchmark) series() ([]*series, error) {
	on, err := findEngines(b.engines)
	if err != nil {
		return nil, err
	}
	if len(b.sweep.settings) > 0 && b.engines != virtualName {
		return nil, fmt.Errorf("--sweep: only the engine %s can be swept, whose timeouts are production's", virtualName)
	}
	cases, err := b.chosenCases()
	if err != nil {
		return nil, err
	}
	managers, err := b.chosenManagers()
	if err != nil {
		return nil, err
	}
	var list []*series
	for _, e := range on {
		for _, one := range cases {
			for _, m := range managers {
				row := series{engine: e, runs: b.runs, batch: 1, Series: bench.Series{Case: one, Engine: e.name, Manager: m.Name, Workload: b.workload}}
				if b.workload == "" {
					row.Workload = m.Workloads[0].Name
				}
				virtual := e.name == virtualName
				if virtual {
					row.batch = batchInVirtualTime
				}
				switch {
				case row.runs == 0 && virtual:
					row.runs = runsInVirtualTime
				case row.runs == 0:
					row.runs = runsInRealTime
				}
				list = append(list, b.sweep.over(row)...)
			}
		}
	}
	return list, nil
}

// chosenManagers returns the candidates named by --manager, or those without a known mistake, or all if there is none of these.
func (b *benchmark) chosenManagers() ([]harness.Candidate, error) {
	var list []harness.Candidate
	for _, name := range b.managers {
		m, err := b.catalogue.candidate(name)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	for _, m := range b.catalogue.Candidates {
		if len(b.managers) == 0 && m.Caught == "" && checkWorkload(m, b.workload) == nil {
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		list = b.catalogue.Candidates
	}
	for _, m := range list {
		if err := checkWorkload(m, b.workload); err != nil {
			return nil, err
		}
		if err := b.sweep.check(m); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// chosenCases returns the cases named by --case and --fault, or the default ones.
func (b *benchmark) chosenCases() ([]bench.Case, error) {
	if len(b.cases) == 0 && len(b.faults) == 0 {
		return bench.Cases(), nil
	}
	byName := map[string]bench.Case{}
	var all []string
	for _, one := range bench.Cases() {
		byName[one.Name] = one
		all = append(all, one.Name)
	}
	var list []bench.Case
	for _, name := range b.cases {
		one, ok := byName[name]
		if !ok {
			return nil, names.Unknown("case", name, all)
		}
		list = append(list, one)
	}
	for _, text := range b.faults {
		f, err := fault.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("--fault: %w", err)
		}
		list = append(list, bench.Case{Name: f.String(), Fault: f.String()})
	}
	return list, nil
}

// sweep is the value of the flag --sweep: the values of one interval. The zero value sweeps nothing.
type sweep struct{ settings []bench.Setting }

var _ pflag.Value = (*sweep)(nil)

// Set reads a name and values such as "election=500ms,1s,2s".
func (s *sweep) Set(text string) error {
	if len(s.settings) > 0 {
		return fmt.Errorf("want one interval to sweep, not two")
	}
	name, list, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("want an interval and its values, such as election=500ms,1s,2s")
	}
	var settings []bench.Setting
	for word := range strings.SplitSeq(list, ",") {
		value, err := time.ParseDuration(strings.TrimSpace(word))
		if err != nil || value <= 0 {
			return fmt.Errorf("%q is no time such as 500ms", word)
		}
		settings = append(settings, bench.Setting{Name: strings.TrimSpace(name), Value: value})
	}
	s.settings = settings
	return nil
}

// Type is what the help calls a value.
func (*sweep) Type() string { return "interval" }

// String returns the sweep in the form that Set reads.
func (s *sweep) String() string {
	if len(s.settings) == 0 {
		return ""
	}
	values := make([]string, len(s.settings))
	for i, one := range s.settings {
		values[i] = one.Value.String()
	}
	return s.settings[0].Name + "=" + strings.Join(values, ",")
}

// check returns an error if a manager cannot be measured with one of the values.
func (s *sweep) check(m harness.Candidate) error {
	for _, one := range s.settings {
		if err := one.Check(bound.Production(), m); err != nil {
			return fmt.Errorf("--sweep: %w", err)
		}
	}
	return nil
}

// over makes a copy of a row for each value, or one without.
func (s *sweep) over(row series) []*series {
	if len(s.settings) == 0 {
		return []*series{&row}
	}
	var list []*series
	for i := range s.settings {
		one := row
		one.Set = &s.settings[i]
		list = append(list, &one)
	}
	return list
}
