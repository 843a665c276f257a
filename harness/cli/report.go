package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/page"
)

func newReport() *cobra.Command {
	var out, title string
	cmd := &cobra.Command{
		Use:   "report FILE...",
		Short: "Make a page of runs that were kept with --record",
		Long: "Read runs that run, try, replay, matrix or soak kept with --record, and write one HTML file that shows them. A file that is broken, for\n" +
			"example because the disk was full, is named; the page then shows the runs before the broken one.\n" +
			"Exit status: 0 if the page shows all runs of all files, 2 if a file is missing or no file of runs, 3 if the page could not be written.",
		Example: "  report runs.jsonl\n  report night-1.jsonl night-2.jsonl --out nights.html",
		Args:    someArguments("the files that --record wrote"),
		RunE: func(cmd *cobra.Command, files []string) error {
			var all []report.Run
			var broken []error
			for _, name := range files {
				runs, err := readRuns(name)
				if err != nil {
					broken = append(broken, err)
				}
				all = append(all, runs...)
			}
			if len(all) == 0 {
				return errors.Join(append(broken, fmt.Errorf("no run in %s", strings.Join(files, ", ")))...)
			}
			if err := writePage(out, cmd.OutOrStdout(), all, page.Options{Title: title}); err != nil {
				return errors.Join(append(broken, err)...)
			}
			if out != "-" {
				fmt.Fprintf(cmd.ErrOrStderr(), "the page of %d runs is %s\n", len(all), out)
			}
			return errors.Join(broken...)
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "report.html", "the `file` to write the page to; - is the standard output")
	f.StringVar(&title, "title", "", "the heading of the page (default: Stormwatch)")
	return cmd
}

// readRuns reads the runs of a file. If it is broken, the runs before that are returned with the error.
func readRuns(name string) (runs []report.Run, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if runs, err = report.Read(f); err != nil {
		return runs, fmt.Errorf("%s: %w", name, err)
	}
	return runs, nil
}
