package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/junit"
	"github.com/stormwatch/stormwatch/harness/report/page"
)

// reportFlags are the flags of report.
type reportFlags struct{ out, title, junit string }

func newReport() *cobra.Command {
	var a reportFlags
	cmd := &cobra.Command{
		Use:   "report FILE...",
		Short: "Make a page of runs that were kept with --record",
		Long: "Read runs that run, try, replay, matrix, soak or lab kept with --record, and write one HTML file that shows them. A file that is broken, for\n" +
			"example because the disk was full, is named; the page then shows the runs before the broken one. With --junit, the outcomes are written for a\n" +
			"CI system too, and with --out '' no page.\n" +
			"Exit status: 0 if all runs of all files were read, 2 if a file is missing, broken or no file of runs, 3 if something could not be written.",
		Example: "  report runs.jsonl\n  report night-1.jsonl night-2.jsonl --out nights.html\n  report runs.jsonl --out '' --junit runs.xml",
		Args:    someArguments("the files that --record wrote"),
		RunE:    func(cmd *cobra.Command, files []string) error { return a.run(cmd, files) },
	}
	f := cmd.Flags()
	f.StringVar(&a.out, "out", "report.html", "the `file` to write the page to; - is the standard output, and '' none")
	f.StringVar(&a.title, "title", "", "the heading of the page (default: Stormwatch)")
	f.StringVar(&a.junit, "junit", "", "a `file` to write the outcomes to as JUnit XML, for a CI system")
	return cmd
}

// run reads the runs of the files and writes what the flags name.
func (a *reportFlags) run(cmd *cobra.Command, names []string) (err error) {
	if a.out == "" && a.junit == "" {
		return errors.New("--out '' and no --junit: nothing would be written")
	}
	var all []report.Run
	var broken []error
	for _, name := range names {
		runs, err := readRuns(name)
		if len(runs) == 0 && err != nil {
			return err // it is no file of runs
		}
		broken = append(broken, err)
		all = append(all, runs...)
	}
	if len(all) == 0 {
		return fmt.Errorf("no run in %s", strings.Join(names, ", "))
	}
	files := outputs{reads: names}
	defer files.end(&err)
	shown, judged, err := a.open(cmd, &files)
	if err != nil {
		return errors.Join(append(broken, err)...)
	}
	var writing []error
	if shown != nil {
		writing = append(writing, page.Write(shown, all, page.Options{Title: a.title}))
	}
	if judged != nil {
		var cases junit.Report
		for _, r := range all {
			cases.Add(r)
		}
		writing = append(writing, cases.Write(judged))
	}
	if err := errors.Join(writing...); err != nil {
		return errors.Join(append(broken, unfinished{err})...)
	}
	if a.out != "" && a.out != "-" {
		fmt.Fprintf(cmd.ErrOrStderr(), "the page of %d runs is %s\n", len(all), a.out)
	}
	return errors.Join(broken...)
}

// open opens the files for the page and for the outcomes; nil stands for what is not to be written.
func (a *reportFlags) open(cmd *cobra.Command, files *outputs) (shown, judged io.Writer, err error) {
	switch a.out {
	case "":
	case "-":
		shown = cmd.OutOrStdout()
	default:
		f, err := files.open("--out", a.out)
		if err != nil {
			return nil, nil, err
		}
		shown = f
	}
	if a.junit != "" {
		f, err := files.open("--junit", a.junit)
		if err != nil {
			return nil, nil, err
		}
		judged = f
	}
	return shown, judged, nil
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
