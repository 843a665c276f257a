package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness/schedule"
)

func newTry(c Catalogue) *cobra.Command {
	var a runFlags
	try := &cobra.Command{
		Use:   "try FILE|SCHEDULE",
		Short: "Run a schedule, from a file or typed by hand, against a manager and judge it",
		Long: "Run a schedule against a manager and judge it by every oracle. The argument is the name of a file, - for the standard input, or\n" +
			"the schedule itself: actions with their instants and lengths, separated by semicolons. list --faults prints the faults.\n" +
			"A schedule may say with which manager, workload and seed it is run; flags override that.\n" + exitStatus,
		Example: "  try 'HangDisk(alpha/leader) for 30s'\n  try '5s for 30s HangDisk(alpha/leader); 12s Freeze(beta/m2)' --engine " + embeddedName + "\n  try incident.txt --seeds 1-100",
		Args:    oneArgument(aSchedule),
		RunE: func(cmd *cobra.Command, args []string) error {
			j, _, err := a.scheduleJob(cmd, c, "try", args[0])
			if err != nil {
				return err
			}
			return a.run(cmd, j)
		},
	}
	a.add(try, c)
	return try
}

// aSchedule is what a command needs that runs a schedule.
const aSchedule = "the file of a schedule, - for the standard input, or a schedule such as 'HangDisk(alpha/leader) for 30s'"

// exitStatus explains the exit codes of a command that judges a schedule.
const exitStatus = "Exit status: 0 if every verdict passed, 1 if one failed, 2 if the command was used wrongly, 3 if a run could not be judged."

// scheduleJob reads the schedule that is the argument of a command, and makes the job of running it: with what its lines say, if no flag says otherwise.
func (a *runFlags) scheduleJob(cmd *cobra.Command, c Catalogue, name, argument string) (*job, schedule.Schedule, error) {
	t, s, err := readSchedule(name, argument, cmd.InOrStdin())
	if err != nil {
		return nil, s, err
	}
	a.keptFor(cmd, s.Run)
	j, err := a.job(c, []task{t})
	if err != nil {
		return nil, s, err
	}
	j.reads = []string{argument} // if there is no such file, the argument is the schedule itself
	return j, s, nil
}

// scheduleName is the name of a scenario whose schedule did not come from a file.
const scheduleName = "schedule"

// readSchedule reads the schedule that an argument of a command means: standard input, a file, or the text itself.
func readSchedule(command, argument string, stdin io.Reader) (task, schedule.Schedule, error) {
	name, text, again := scheduleName, argument, argument
	fromFile := false
	fail := func(err error) (task, schedule.Schedule, error) { return task{}, schedule.Schedule{}, err }
	if argument == "-" {
		read, err := io.ReadAll(stdin)
		if err != nil {
			return fail(fmt.Errorf("read the schedule from the standard input: %w", err))
		}
		text = string(read)
		again = text // the input cannot be read a second time, so the command to run again contains it
	} else if read, err := os.ReadFile(argument); err == nil {
		fromFile = true
		name, text = strings.TrimSuffix(filepath.Base(argument), filepath.Ext(argument)), string(read)
	} else if !errors.Is(err, os.ErrNotExist) && !isText(argument) {
		return fail(fmt.Errorf("read the schedule: %w", err))
	}
	parsed, err := schedule.Parse(text)
	switch {
	case err != nil && fromFile:
		return fail(fmt.Errorf("schedule %s: %w", argument, err))
	case err != nil && argument != "-" && !isText(argument):
		return fail(fmt.Errorf("no file is called %q, and it is no schedule; want a file, or a step such as 'HangDisk(alpha/leader) for 30s'", argument))
	case err != nil:
		return fail(fmt.Errorf("schedule: %w", err))
	case len(parsed.Steps) == 0 && parsed.Until == 0:
		return fail(errors.New("the schedule has no step and no until: nothing would happen, so nothing would be judged; " +
			"want a step such as HangDisk(alpha/leader) for 30s"))
	}
	return task{story: scheduleStory(parsed), as: name, words: []string{command, again}}, parsed, nil
}

// scheduleStory is the story of a schedule. What does not change the run, such as comments and the name of the file, is left out, so that the schedule replays
// exactly wherever it comes from.
func scheduleStory(s schedule.Schedule) story {
	s.About, s.Run = nil, schedule.Run{}
	return story{Name: scheduleName, Schedule: s.String()}
}

// isText reports whether an argument is a schedule and not the name of a file.
func isText(argument string) bool { return strings.ContainsAny(argument, "(;\n") }
