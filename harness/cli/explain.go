package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

func newExplain(c Catalogue) *cobra.Command {
	var managers []string
	var all bool
	var d docs
	var results string
	explain := &cobra.Command{
		Use:   "explain scenario...",
		Short: "Explain scenarios: what happens, where it happened, what is allowed and why, and how managers fare",
		Long: "Explain the named scenarios, or with --all every one, as Markdown. Each is run in virtual time with each manager of --managers, and what\n" +
			"happened in these runs is part of the text. With --dir each explanation becomes a page in a directory, with an index; a page says the same\n" +
			"after each run, so it has no instants. --results adds how all managers fared.\n" +
			"Exit status: 0, also if a manager fails; 2 if the command was used wrongly, 3 if a run could not be made.",
		Example:           "  explain hung-leader-disk\n  explain hung-leader-disk --managers br,reference\n  explain --all --dir docs",
		ValidArgsFunction: offer(c.offerScenarios()...),
		RunE: func(cmd *cobra.Command, names []string) (err error) {
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
			if d.dir == "" && d.results != "" {
				return fmt.Errorf("--results is for pages: name their directory with --dir")
			}
			if d.dir != "" {
				return d.write(cmd.Context(), cmd.ErrOrStderr(), c, tasks)
			}
			var files outputs
			defer files.end(&err)
			to, out, err := files.results(cmd, results)
			if err != nil {
				return err
			}
			return explained{c, managers, out, to}.print(cmd.Context(), cmd.ErrOrStderr(), tasks)
		},
	}
	f := explain.Flags()
	f.StringSliceVar(&managers, "managers", nil, "the managers to run the scenario with, see list --managers (default one without a known mistake, and one with)")
	f.BoolVar(&all, "all", false, "explain every scenario")
	f.StringVar(&results, "json", "", "a `file` to write the explanations to, one JSON object a line; - is the standard output, and the text then goes to the standard error")
	f.StringVar(&d.dir, "dir", "", "a `directory` to write a page for each scenario to, and README.md, their index")
	f.StringVar(&d.results, "results", "", "a `file` that matrix --json wrote, for the pages to say how managers fared")
	explain.MarkFlagsMutuallyExclusive("json", "dir")
	return explain
}

// examples are the managers that explain runs unless it is told otherwise: the first of the catalogue, and the first that has a known mistake. A
// scenario about owners takes those whose workload has something to own.
func (c Catalogue) examples(s harness.Scenario) []string {
	candidates := slices.DeleteFunc(slices.Clone(c.Candidates), func(m harness.Candidate) bool {
		return s.Owners && !slices.ContainsFunc(m.Workloads, func(w *harness.Workload) bool { return len(w.Things) > 0 })
	})
	if len(candidates) == 0 {
		candidates = c.Candidates
	}
	list := []string{candidates[0].Name}
	if i := slices.IndexFunc(candidates, func(m harness.Candidate) bool { return m.Caught != "" }); i > 0 {
		list = append(list, candidates[i].Name)
	}
	return list
}

// explained prints explanations of scenarios.
type explained struct {
	catalogue Catalogue
	managers  []string
	out       io.Writer
	json      io.Writer // nil: without --json
}

// print runs the tasks with all managers and prints an explanation of each.
func (e explained) print(ctx context.Context, to io.Writer, tasks []task) (writing error) {
	var orders []order
	var scenarios []harness.Scenario
	var ends []int // of each scenario, how many orders there are up to its last one
	for _, t := range tasks {
		s, err := t.scenario(e.catalogue)
		if err != nil {
			return err
		}
		managers := e.managers
		if len(managers) == 0 {
			managers = e.catalogue.examples(s)
		}
		for _, m := range managers {
			orders = append(orders, order{Story: t.story, Engine: virtualName, Manager: m, Seed: 1})
		}
		scenarios, ends = append(scenarios, s), append(ends, len(orders))
	}
	results := runEach(ctx, to, e.catalogue, orders)
	begin := 0
	for i, s := range scenarios {
		if ends[i] > len(results) {
			break
		}
		e.page(s, results[begin:ends[i]])
		if e.json != nil {
			writing = errors.Join(writing, explanationOf(s, results[begin:ends[i]]).write(e.json))
		}
		begin = ends[i]
	}
	return errors.Join(writing, allMade(results, len(orders)))
}

// runEach carries out orders in virtual time, each in a child of its own, and returns their results; fewer if it is interrupted.
func runEach(ctx context.Context, to io.Writer, c Catalogue, orders []order) []*harness.Result {
	p := newProgress(to, len(orders))
	defer p.close()
	name := func(i int) string { return orders[i].Story.Name + " with " + orders[i].Manager }
	results := make([]*harness.Result, 0, len(orders))
	do := func(ctx context.Context, i int) *harness.Result {
		defer p.begin(name(i))()
		return runInChild(ctx, c, orders[i])
	}
	sideBySide(ctx, engines()[0].atOnce, len(orders), do, func(i int, r *harness.Result) bool {
		p.end(name(i), outcomeText(r.Outcome), r, true)
		results = append(results, r)
		return true
	})
	return results
}

// allMade returns an error unless all runs were made.
func allMade(results []*harness.Result, of int) error {
	if len(results) < of {
		return unfinished{fmt.Errorf("interrupted after %d of %d runs", len(results), of)}
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
	tell(e.out, s, runs[0].Record)
	fmt.Fprintf(e.out, "\n## How managers fare\n\nIn virtual time, with seed 1:\n\n")
	for _, r := range runs {
		m, _ := e.catalogue.candidate(r.Manager)
		fmt.Fprintf(e.out, "- **%s** (%s) %s\n", r.Manager, strings.TrimSuffix(m.Summary, "."), fate(r))
	}
	fmt.Fprintf(e.out, "\nTo see it: `%s`\n\n", strings.Join(append(program(), "run", s.Name, "--transcript", "--manager", runs[len(runs)-1].Manager), " "))
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
