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
			"Exit status: 0 if every verdict passed, 1 if one failed, 2 if the command was used wrongly, 3 if a run could not be judged.",
		Example: "  try 'HangDisk(alpha/leader) for 30s'\n  try '5s for 30s HangDisk(alpha/leader); 12s Freeze(beta/m2)' --engine " + embeddedName + "\n  try incident.txt --seeds 1-100",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := readSchedule(args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			j, err := a.job(c, []task{t})
			if err != nil {
				return err
			}
			return a.run(cmd, j)
		},
	}
	a.add(try, c)
	return try
}

// scheduleName is the name of a scenario whose schedule did not come from a file.
const scheduleName = "schedule"

// readSchedule reads the schedule that an argument of try means: standard input, a file, or the text itself.
func readSchedule(argument string, stdin io.Reader) (task, error) {
	name, text, again := scheduleName, argument, argument
	fromFile := false
	if argument == "-" {
		read, err := io.ReadAll(stdin)
		if err != nil {
			return task{}, fmt.Errorf("read the schedule from the standard input: %w", err)
		}
		text = string(read)
		again = text // the input cannot be read a second time, so the command to run again contains it
	} else if read, err := os.ReadFile(argument); err == nil {
		fromFile = true
		name, text = strings.TrimSuffix(filepath.Base(argument), filepath.Ext(argument)), string(read)
	} else if !errors.Is(err, os.ErrNotExist) && !isText(argument) {
		return task{}, fmt.Errorf("read the schedule: %w", err)
	}
	parsed, err := schedule.Parse(text)
	switch {
	case err != nil && fromFile:
		return task{}, fmt.Errorf("schedule %s: %w", argument, err)
	case err != nil && argument != "-" && !isText(argument):
		return task{}, fmt.Errorf("no file is called %q, and it is no schedule: %w", argument, err)
	case err != nil:
		return task{}, fmt.Errorf("schedule: %w", err)
	case len(parsed.Steps) == 0:
		return task{}, fmt.Errorf("the schedule has no step: nothing would happen, so nothing would be judged; want one such as HangDisk(alpha/leader) for 30s")
	}
	return task{story{Name: name, Schedule: parsed.String()}, []string{"try", again}}, nil
}

// isText reports whether an argument is a schedule and not the name of a file.
func isText(argument string) bool { return strings.ContainsAny(argument, "(;\n") }
