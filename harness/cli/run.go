package cli

import (
	"slices"

	"github.com/spf13/cobra"
)

func newRun(c Catalogue) *cobra.Command {
	var a runFlags
	run := &cobra.Command{
		Use:   "run [scenario...]",
		Short: "Run scenarios against a manager and judge it",
		Long: "Run the named scenarios, or all of them, against a manager and print a table of verdicts.\n" +
			"Exit status: 0 if every verdict passed, 1 if one failed, 2 if the command was used wrongly, 3 if a run could not be judged.",
		Example:           "  run\n  run hung-leader-disk --manager naive --transcript\n  run hung-leader-disk --engine all\n  run leader-killed --seeds 1-100",
		ValidArgsFunction: offer(c.offerScenarios()...),
		RunE: func(cmd *cobra.Command, names []string) error {
			tasks, err := chosen(c, names)
			if err != nil {
				return err
			}
			j, err := a.job(c, tasks)
			if err != nil {
				return err
			}
			return a.run(cmd, j)
		},
	}
	a.add(run, c)
	return run
}

// chosen makes a task for each named scenario; a repeated name counts once, and no name means all scenarios.
func chosen(c Catalogue, names []string) ([]task, error) {
	if len(names) == 0 {
		names = c.scenarioNames()
	}
	if len(names) == 0 {
		return nil, errNoScenarios
	}
	var list []task
	for i, name := range names {
		if _, err := c.scenario(name); err != nil {
			return nil, err
		}
		if !slices.Contains(names[:i], name) {
			list = append(list, task{story: story{Name: name}, words: []string{"run", name}})
		}
	}
	return list, nil
}
