package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/internal/command"
	"github.com/stormwatch/stormwatch/harness/record"
)

// matrix runs each of some scenarios with each of some managers.
type matrix struct {
	catalogue Catalogue
	scenarios []harness.Scenario
	managers  []harness.Candidate
	workload  string // empty: each manager's usual one
	seed      uint64
	full      bool // no run is brief
	keeping   keepFlags
	keep      *keeper
	// cells are the results, by scenario and manager. Those that are missing are nil.
	cells [][]*cellOf
}

// cellOf is one cell of a matrix.
type cellOf struct {
	*harness.Result
	// killedBy is the oracle that failed, empty if none did. If several failed, it is the one that the manager names in Caught, else the first.
	killedBy string
}

func newMatrix(c Catalogue) *cobra.Command {
	m := matrix{catalogue: c}
	var scenarios, managers []string
	var results string
	cmd := &cobra.Command{
		Use:   "matrix",
		Short: "Run every scenario with every manager, and print which oracle catches which manager",
		Long: "Run every scenario with every manager in virtual time, and print a matrix: whether the manager passed, or which oracle failed.\n" +
			"It tests the scenarios rather than the managers. A manager with a known mistake says which oracle must catch it.\n" +
			"After the views have recovered a run goes on for a few seconds, and not for longer than a lease lives as those of run do, unless the\n" +
			"manager says that its mistake shows only then. With --full every run does, which takes six times as long.\n" +
			"Exit status: 0 if every such manager was caught by its oracle, in at least one scenario, and every other manager passed; 1 if not; 2 if the\n" +
			"command was used wrongly; 3 if a run could not be judged. If only some scenarios are run, no manager needs to be caught.",
		Example: "  matrix\n  matrix --scenario hung-leader-disk,leader-isolated --manager reference,naive,br\n  matrix --json matrix.json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := m.choose(scenarios, managers); err != nil {
				return err
			}
			return m.run(cmd, results)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&scenarios, "scenario", nil, "the scenarios to run (default: all)")
	f.StringSliceVar(&managers, "manager", nil, "the managers to run (default: all)")
	addWorkload(cmd, &m.workload)
	f.Uint64Var(&m.seed, "seed", 1, "the seed of everything random")
	f.BoolVar(&m.full, "full", false, "let every run go on for as long as those of run")
	m.keeping.add(f)
	f.StringVar(&results, "json", "", "a `file` to write the results to, one JSON object a line, as run does; killed_by names the oracle of the cell; - is the standard output")
	return cmd
}

// choose finds the named scenarios and managers; no name means all.
func (m *matrix) choose(scenarios, managers []string) error {
	if len(scenarios) == 0 {
		scenarios = m.catalogue.scenarioNames()
	}
	if len(scenarios) == 0 {
		return errNoScenarios
	}
	if len(managers) == 0 {
		managers = m.catalogue.candidateNames()
	}
	for _, name := range scenarios {
		s, err := m.catalogue.scenario(name)
		if err != nil {
			return err
		}
		m.scenarios = append(m.scenarios, s)
	}
	for _, name := range managers {
		c, err := m.catalogue.candidate(name)
		if err != nil {
			return err
		}
		if err := checkWorkload(c, m.workload); err != nil {
			return err
		}
		m.managers = append(m.managers, c)
	}
	return nil
}

// run makes all runs and prints the matrix, even if the user interrupts it. file is the value of --json.
func (m *matrix) run(cmd *cobra.Command, file string) (err error) {
	var files outputs
	defer files.end(&err)
	results, out, err := files.results(cmd, file)
	if err != nil {
		return err
	}
	if m.keep, err = m.keeping.open(&files); err != nil {
		return err
	}
	defer m.keep.close(&err)
	writing := m.fill(cmd.Context(), cmd.ErrOrStderr(), results)
	m.print(out)
	var interrupted error
	if done, total := m.judged(), len(m.scenarios)*len(m.managers); cmd.Context().Err() != nil && done < total {
		interrupted = unfinished{fmt.Errorf("interrupted after %d of %d runs", done, total)}
	}
	return errors.Join(interrupted, writing, m.outcome())
}

// fill makes the runs and writes each result, unless results is nil. It returns an error if a result cannot be written, and then stops.
func (m *matrix) fill(ctx context.Context, progress, results io.Writer) (writing error) {
	m.cells = make([][]*cellOf, len(m.scenarios))
	for i := range m.cells {
		m.cells[i] = make([]*cellOf, len(m.managers))
	}
	total := len(m.scenarios) * len(m.managers)
	p := newProgress(progress, total)
	defer p.close()
	do := func(ctx context.Context, batch int) []*harness.Result {
		var orders []order
		for i := batch * runsInBatch; i < min((batch+1)*runsInBatch, total); i++ {
			orders = append(orders, m.order(i))
		}
		defer p.begin(m.name(batch * runsInBatch))()
		results := runsInChild(ctx, m.catalogue, orders)
		for i, r := range results {
			r.Again = m.again(orders[i], r.Workload)
		}
		return results
	}
	i := 0
	sideBySide(ctx, engines()[0].atOnce, (total+runsInBatch-1)/runsInBatch, do, func(_ int, list []*harness.Result) bool {
		for _, r := range list {
			m.keep.keep(r, "", nil)
			r.Record = nil // records are large
			one := &cellOf{Result: r, killedBy: killer(r, m.managers[i%len(m.managers)])}
			p.end(m.name(i), one.String(), r, true)
			if results != nil && writing == nil && !r.Usage {
				writing = json.NewEncoder(results).Encode(one)
			}
			if r.Outcome != record.NotJudged || ctx.Err() == nil {
				m.cells[i/len(m.managers)][i%len(m.managers)] = one
			}
			i++
		}
		return writing == nil
	})
	if writing != nil {
		return unfinished{fmt.Errorf("write the results: %w", writing)}
	}
	return nil
}

// runsInBatch is how many runs one child process makes.
const runsInBatch = 10

// again is the command that makes one run again.
func (m *matrix) again(o order, workload string) string {
	words := append(program(), "run", o.Story.Name, "--manager", o.Manager, "--workload", workload, "--seed", strconv.FormatUint(o.Seed, 10))
	if o.Brief {
		words = append(words, "--brief")
	}
	return command.Line(words...)
}

// order makes the order for run i. Runs are numbered scenario by scenario.
func (m *matrix) order(i int) order {
	s, c := m.scenarios[i/len(m.managers)], m.managers[i%len(m.managers)]
	_, late := c.Late[s.Name]
	return order{
		Story: story{Name: s.Name}, Engine: virtualName, Manager: c.Name, Workload: m.workload, Seed: m.seed, Brief: !late && !m.full,
		Records: m.keep.needsRecords(),
	}
}

// name is what run i is called in the progress display.
func (m *matrix) name(i int) string {
	o := m.order(i)
	return o.Story.Name + " with " + o.Manager
}

// killer returns the oracle that counts as having caught a manager; empty if none did.
func killer(r *harness.Result, c harness.Candidate) string {
	failed := r.Failed()
	switch {
	case len(failed) == 0:
		return ""
	case slices.ContainsFunc(failed, func(v record.Verdict) bool { return v.Oracle == c.Caught }):
		return c.Caught
	}
	return failed[0].Oracle
}

// String is the outcome of the run in a few words.
func (c *cellOf) String() string {
	if c.killedBy != "" {
		return "caught by " + c.killedBy
	}
	return outcomeText(c.Outcome)
}

// MarshalJSON writes the result as run does, and the oracle that caught the manager, or null, as killed_by.
func (c *cellOf) MarshalJSON() ([]byte, error) {
	result, err := c.Result.MarshalJSON()
	if err != nil {
		return nil, err
	}
	killer := []byte("null")
	if c.killedBy != "" {
		if killer, err = json.Marshal(c.killedBy); err != nil {
			return nil, err
		}
	}
	return append(bytes.TrimSuffix(result, []byte("}")), `,"killed_by":`+string(killer)+`}`...), nil
}

// judged counts the cells with a verdict.
func (m *matrix) judged() (n int) {
	for _, row := range m.cells {
		for _, c := range row {
			if c != nil && c.Outcome != record.NotJudged {
				n++
			}
		}
	}
	return n
}

// outcome returns the errors of what is wrong, for the exit code; nil if nothing is.
func (m *matrix) outcome() error {
	var errs []error
	for i, c := range m.managers {
		if len(m.wrong(i, c)) > 0 {
			errs = append(errs, errFailed)
		}
	}
	for _, row := range m.cells {
		for _, c := range row {
			switch {
			case c == nil:
			case c.Usage:
				errs = append(errs, errUsage)
			case c.Outcome == record.NotJudged:
				errs = append(errs, errNotJudged)
			}
		}
	}
	return errors.Join(errs...)
}

// wrong says what is wrong with the column of a manager: one with a known mistake must be caught by its oracle, every other must pass. Whether it is
// caught can be said only after all scenarios of the catalogue.
func (m *matrix) wrong(i int, c harness.Candidate) []string {
	var list []string
	ran, caught := 0, false
	for _, row := range m.cells {
		switch one := row[i]; {
		case one == nil || one.Outcome == record.NotJudged:
		case c.Caught == "" && one.killedBy != "":
			list = append(list, fmt.Sprintf("%s should pass, and %s was %s\n  again: %s", c.Name, one.Scenario, one, one.Again))
			ran++
		default:
			ran++
			caught = caught || one.killedBy == c.Caught
		}
	}
	if c.Caught != "" && !caught && ran == len(m.catalogue.Scenarios) {
		list = append(list, fmt.Sprintf("%s should be caught by %s in some scenario, and is not", c.Name, c.Caught))
	}
	return list
}
