package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

func newReplay(c Catalogue) *cobra.Command {
	var a runFlags
	var plain plainFlag
	replay := &cobra.Command{
		Use:   "replay FILE|SCHEDULE",
		Short: "Run a schedule that failed once, and say whether it fails again",
		Long: "Run a schedule as try does, with the manager, the workload and the seed of its lines, and say whether the oracle of its line fails\n" +
			"fails again. shrink and soak write such files. A line that is missing is no error; flags override the lines.\n" + exitStatus,
		Example: "  replay failures/freshness-naive-17.txt\n  replay failures/freshness-naive-17.txt --engine all\n  replay failures/freshness-naive-17.txt --manager mine --transcript",
		Args:    oneArgument(aSchedule),
		RunE: func(cmd *cobra.Command, args []string) error {
			j, s, err := a.scheduleJob(cmd, c, "replay", args[0])
			if err != nil {
				return err
			}
			j.fails = s.Run.Fails
			j.worker = plain.worker(cmd.Context(), c, j.engines, cmd.ErrOrStderr())
			return a.run(cmd, j)
		},
	}
	a.add(replay, c)
	plain.add(replay.Flags())
	return replay
}

// compare prints, for the last run on each engine, whether the oracle that is known to fail fails again.
func (j *job) compare(results []*harness.Result) {
	if j.fails == "" {
		return
	}
	for i, r := range results {
		if i+1 == len(results) || results[i+1].Engine != r.Engine {
			fmt.Fprintf(j.out, "%s on %s: %s\n", r.Scenario, r.Engine, comparison(r, j.fails))
		}
	}
}

// comparison says in words whether an oracle has failed again.
func comparison(r *harness.Result, oracle string) string {
	switch r.Outcome {
	case record.Passed:
		return "passes now"
	case record.Failed:
		failed := r.FailedOracles()
		if slices.Contains(failed, oracle) {
			return "fails again: " + oracle
		}
		return "fails, but another oracle: " + strings.Join(failed, ", ")
	}
	return string(r.Outcome)
}
