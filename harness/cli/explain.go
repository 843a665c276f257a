package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
)

func newExplain(c Catalogue) *cobra.Command {
	var managers []string
	var all bool
	explain := &cobra.Command{
		Use:   "explain scenario...",
		Short: "Explain scenarios: what happens, where it happened, what is allowed and why, and how managers fare",
		Long: "Explain the named scenarios, or with --all every one, as Markdown. Each is run in virtual time with each manager of --managers, and what\n" +
			"happened in these runs is part of the text.\n" +
			"Exit status: 0, also if a manager fails; 2 if the command was used wrongly, 3 if a run could not be made.",
		RunE: func(cmd *cobra.Command, names []string) error {
			switch {
			case all && len(names) > 0:
				return fmt.Errorf("--all explains every scenario: name none besides")
			case all:
				names = c.scenarioNames()
			case len(names) == 0:
				return fmt.Errorf("name a scenario to explain, see list, or use --all")
			}
			for _, m := range managers {
				if _, err := c.candidate(m); err != nil {
					return err
				}
			}
			tasks, err := chosen(c, names)
			if err != nil {
				return err
			}
			return explained{c, managers, cmd.OutOrStdout()}.print(cmd.Context(), cmd.ErrOrStderr(), tasks)
		},
	}
	explain.Flags().StringSliceVar(&managers, "managers", c.examples(), "the managers to run the scenario with, see list --managers")
	explain.Flags().BoolVar(&all, "all", false, "explain every scenario")
	return explain
}

// examples are the managers that explain runs unless it is told otherwise: the first of the catalogue, and the first that has a known mistake.
func (c Catalogue) examples() []string {
	if len(c.Candidates) == 0 {
		return nil
	}
	list := []string{c.Candidates[0].Name}
	if i := slices.IndexFunc(c.Candidates, func(m harness.Candidate) bool { return m.Caught != "" }); i > 0 {
		list = append(list, c.Candidates[i].Name)
	}
	return list
}

// explained prints explanations of scenarios.
type explained struct {
	catalogue Catalogue
	managers  []string
	out       io.Writer
}

// print runs the tasks with all managers and prints an explanation of each.
func (e explained) print(ctx context.Context, to io.Writer, tasks []task) error {
	n := len(e.managers)
	p := newProgress(to, len(tasks)*n)
	defer p.close()
	results := make([]*harness.Result, 0, len(tasks)*n)
	order := func(i int) order {
		return order{Story: tasks[i/n].story, Engine: virtualName, Manager: e.managers[i%n], Seed: 1}
	}
	name := func(i int) string { return order(i).Story.Name + " with " + order(i).Manager }
	virtual, err := findEngine(virtualName)
	if err != nil {
		return err
	}
	do := func(ctx context.Context, i int) *harness.Result {
		defer p.begin(name(i))()
		return runInChild(ctx, e.catalogue, order(i))
	}
	sideBySide(ctx, virtual.atOnce, len(tasks)*n, do, func(i int, r *harness.Result) bool {
		p.end(name(i), outcomeText(r.Outcome), r, true)
		results = append(results, r)
		return true
	})
	p.close()
	for i := range len(results) / n {
		s, err := e.catalogue.scenario(tasks[i].Name)
		if err != nil {
			return err
		}
		e.page(s, results[i*n:(i+1)*n])
	}
	if len(results) < len(tasks)*n {
		return unfinished{fmt.Errorf("interrupted after %d of %d runs", len(results), len(tasks)*n)}
	}
	for _, r := range results {
		if r.Outcome == record.NotJudged {
			return unfinished{fmt.Errorf("%s with the manager %s could not be judged: %s", r.Scenario, r.Manager, r.Cause)}
		}
	}
	return nil
}

// page prints the explanation of one scenario from its text and one run of each manager.
func (e explained) page(s harness.Scenario, runs []*harness.Result) {
	fmt.Fprintf(e.out, "# %s\n\n%s\n", s.Name, s.Summary)
	if s.Incident != "" {
		fmt.Fprintf(e.out, "\nIt happened: %s.\n", s.Incident)
	}
	fmt.Fprintf(e.out, "\n## What happens, and what is allowed\n\nIn virtual time with production timings, seed 1, the manager %s:\n\n", runs[0].Manager)
	e.faults(runs[0].Record)
	fmt.Fprintf(e.out, "\n## How managers fare\n\n")
	for _, r := range runs {
		m, _ := e.catalogue.candidate(r.Manager)
		fmt.Fprintf(e.out, "- **%s** (%s) %s\n", r.Manager, strings.TrimSuffix(m.Summary, "."), fate(r))
	}
	fmt.Fprintf(e.out, "\nTo see it: `%s`\n\n", strings.Join(append(program(), "run", s.Name, "--transcript", "--manager", runs[len(runs)-1].Manager), " "))
}

// faults prints the faults of a run with their allowances.
func (e explained) faults(r *record.Record) {
	if len(r.Faults) == 0 {
		fmt.Fprintf(e.out, "There is no fault, so the view may never be older than %v: %s.\n", r.Bounds().Calm(), calmTerms(r.Bounds()))
		return
	}
	told := map[string]bool{}
	for _, f := range r.Faults {
		fmt.Fprintf(e.out, "- at %s %s", record.Stamp(f.From), f.Text)
		if f.To >= 0 && f.To > f.From {
			fmt.Fprintf(e.out, ", until %s", record.Stamp(f.To))
		}
		fmt.Fprintf(e.out, "; %s\n", allowed(r.Bounds(), f.Allowance, told))
		told[f.Allowance.Name] = true
	}
}

// allowed says in words what an allowance allows, with its summands the first time that it is named.
func allowed(b bound.Bounds, a record.Allowance, told map[string]bool) string {
	text := fmt.Sprintf("the view must be fresh again within %v (%s", a.Recovery, a.Name)
	if terms := b.Terms(a.Name); terms != nil && !told[a.Name] {
		var sum []string
		for _, t := range terms {
			sum = append(sum, fmt.Sprintf("%v for %s", t.Long, t.What))
		}
		text += ": " + strings.Join(sum, ", ")
	}
	text += ")"
	if a.Lasting > 0 {
		text += fmt.Sprintf(", and may be %v older than in calm for as long as the fault lasts", a.Lasting)
	}
	return text
}

// calmTerms says what the calm bound is made of.
func calmTerms(b bound.Bounds) string {
	text := fmt.Sprintf("%v for an event to reach the manager, %v until the harness looks", b.Timing.Heartbeat, b.Timing.Observe)
	if b.Timing.Poll > 0 {
		text += fmt.Sprintf(", %v until the manager's next poll", b.Timing.Poll)
	}
	return text
}

// fate says in words how a run ended.
func fate(r *harness.Result) string {
	switch {
	case r.Outcome == record.Failed:
		v := r.Failed()[0]
		return fmt.Sprintf("failed, %s: %s", v.Oracle, v.Evidence)
	case r.Outcome != record.Passed:
		return fmt.Sprintf("%s: %s", r.Outcome, r.Cause)
	case r.Bound > 0:
		return fmt.Sprintf("passed: fresh again after %s of %s allowed", record.Stamp(r.Recovery), record.Stamp(r.Bound))
	}
	return fmt.Sprintf("passed: never more than %s stale", record.Stamp(r.MaxStaleness))
}
