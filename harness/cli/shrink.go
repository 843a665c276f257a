package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/internal/command"
	"github.com/stormwatch/stormwatch/harness/schedule"
	"github.com/stormwatch/stormwatch/harness/schedule/shrink"
)

// shrinkFlags are the flags of shrink.
type shrinkFlags struct {
	runFlags
	plain       plainFlag
	oracle, out string
	tries       int
	results     string
}

func newShrink(c Catalogue) *cobra.Command {
	var a shrinkFlags
	cmd := &cobra.Command{
		Use:   "shrink FILE|SCHEDULE",
		Short: "Make a failing schedule as small as it can be, and say when its failure became inevitable",
		Long: "Run a schedule that fails, and make it smaller as long as the same oracle fails: fewer steps, clusters and members, shorter and earlier\n" +
			"faults. Then find the cause: the earliest instant from which healing everything no longer prevents the failure. The output is the schedule\n" +
			"for a file, the command that runs it, and a Go test to paste; --json writes the same for a program.\n" +
			"Exit status: 0 if the schedule was shrunk, 2 if it does not fail or the command was used wrongly, 3 if it could not be judged or was interrupted.",
		Example: "  shrink incident.txt --manager naive\n  shrink 'HangDisk(alpha/leader) for 30s; 9s Kill(beta/m1)' --manager naive --oracle freshness --out failures\n" +
			"  shrink incident.txt --json shrunk.json",
		Args: oneArgument(aSchedule),
		RunE: func(cmd *cobra.Command, args []string) error {
			j, s, err := a.scheduleJob(cmd, c, "shrink", args[0])
			if err != nil {
				return err
			}
			if a.oracle == "" {
				a.oracle = s.Run.Fails
			}
			return a.shrink(cmd, j, s)
		},
	}
	a.addRun(cmd, c)
	a.plain.add(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&a.oracle, "oracle", "", "the `oracle` that must go on failing (default: that of the schedule's line fails, or the first that fails)")
	f.StringVar(&a.out, "out", "", "a `directory` for the schedule and the Go test, as files")
	f.StringVar(&a.results, "json", "", "a `file` to write what was found to, as one JSON object; - is the standard output, and the text then goes to the standard error")
	f.IntVar(&a.tries, "tries", 400, "the largest number of schedules to try before the cause is looked for")
	return cmd
}

// shrink shrinks the schedule of a job and prints what it found, even if the user interrupts it.
func (a *shrinkFlags) shrink(cmd *cobra.Command, j *job, s schedule.Schedule) (err error) {
	if len(j.engines) != 1 {
		return fmt.Errorf("--engine %s: want one engine", a.engine)
	}
	if a.tries < 1 {
		return fmt.Errorf("--tries %d: want at least 1", a.tries)
	}
	if a.out != "" {
		if err := os.MkdirAll(a.out, 0o755); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	files := outputs{reads: j.reads}
	defer files.end(&err)
	results, out, err := files.results(cmd, a.results)
	if err != nil {
		return err
	}
	j.worker = a.plain.worker(cmd.Context(), j.worker.catalogue, j.engines, cmd.ErrOrStderr())
	e := j.engines[0]
	p := newProgress(cmd.ErrOrStderr(), a.tries)
	defer p.close()
	try := func(ctx context.Context, s schedule.Schedule) (*harness.Result, error) {
		o := j.order(e, 0)
		o.Story = scheduleStory(s)
		return j.worker.run(ctx, o), nil
	}
	shrinker := shrink.Shrinker{
		AtOnce: e.atOnce, Limit: a.tries, Try: try,
		Progress: func(now shrink.Progress) {
			text := sizeOf(now.Best)
			if now.Cause {
				text += ", looking for the cause"
			}
			p.show(now.Tries, text, now.Smaller)
		},
	}
	exact := e.name == virtualName && j.worker.replays()
	if !exact {
		shrinker.Confirm = 1 // two runs of a schedule may differ
	}
	found, err := shrinker.Shrink(cmd.Context(), s, a.oracle)
	p.close()
	var passes *shrink.DoesNotFailError
	switch {
	case errors.As(err, &passes):
		return err
	case found.Result == nil && err != nil && cmd.Context().Err() == nil:
		return unfinished{err}
	case found.Result == nil:
		return unfinished{errors.New("interrupted before the schedule was seen to fail")}
	}
	fmt.Fprintf(out, "# %s\n# %s, after %d tries\n", sizeOf(s), sizeOf(found.Schedule), found.Tries)
	fmt.Fprint(out, found.Schedule)
	again, file, writing := a.write(out, j, found)
	if results != nil {
		told := shrunkOf(found, j, again, file)
		told.Interrupted = err != nil
		writing = errors.Join(writing, told.write(results))
	}
	if writing != nil {
		return unfinished{writing}
	}
	if err != nil {
		return unfinished{fmt.Errorf("interrupted after %d tries: the schedule may not be as small as it could be", found.Tries)}
	}
	if found.Limited {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d tries were not enough: the schedule may not be as small as it could be, see --tries\n", a.tries)
	}
	if exact {
		return nil
	}
	if n := failAgain(cmd.Context(), e, found, try); n < further {
		fmt.Fprintf(cmd.ErrOrStderr(), "the schedule failed again in %d of %d further runs: it depends on the order in which goroutines run, which only a replay build repeats\n",
			n, further)
	}
	return nil
}

// further is how many further runs of a shrunk schedule show whether it always fails.
const further = 4

// failAgain makes further runs of a schedule and counts those that fail.
func failAgain(ctx context.Context, e engine, found shrink.Found, try shrink.Try) (failed int) {
	sideBySide(ctx, e.atOnce, further, func(ctx context.Context, _ int) bool {
		r, err := try(ctx, found.Schedule)
		return err == nil && slices.Contains(r.FailedOracles(), found.Oracle)
	}, func(_ int, fails bool) bool {
		if fails {
			failed++
		}
		return true
	})
	return failed
}

// write prints the command that runs the schedule again, and the Go test, or writes it into files if the user wants that. It returns the command, and the file
// of the schedule if there is one.
func (a *shrinkFlags) write(out io.Writer, j *job, found shrink.Found) (again, file string, err error) {
	if a.out == "" {
		again = command.Line(a.again(j, "try", found.Schedule.Line(),
			"--manager", j.manager, "--workload", j.workload, "--seed", strconv.FormatUint(found.Result.Seed, 10))...)
		fmt.Fprintf(out, "\n%s\n\n%s", again, found.GoTest())
		return again, "", nil
	}
	if file, err = found.Write(a.out); err != nil {
		return "", "", fmt.Errorf("write the schedule: %w", err)
	}
	again = command.Line(a.again(j, "replay", file)...)
	fmt.Fprintf(out, "\n%s\n", again)
	return again, file, nil
}

// again returns the words of a command that runs a schedule as the job does.
func (a *shrinkFlags) again(j *job, words ...string) []string {
	words = append(program(), words...)
	if name := j.engines[0].name; name != virtualName {
		words = append(words, "--engine", name)
	}
	if j.brief {
		words = append(words, "--brief")
	}
	return append(words, j.within.again()...)
}

// sizeOf says how large a schedule is.
func sizeOf(s schedule.Schedule) string {
	members := make([]string, len(s.Clusters))
	for i, c := range s.Clusters {
		members[i] = strconv.Itoa(c.Members)
	}
	steps := "1 step"
	if len(s.Steps) != 1 {
		steps = fmt.Sprintf("%d steps", len(s.Steps))
	}
	return fmt.Sprintf("%s on clusters of %s, %s long", steps, strings.Join(members, " and "), s.End())
}
