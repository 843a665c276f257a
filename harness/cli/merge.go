package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness/report/chart"
	"github.com/stormwatch/stormwatch/harness/soak"
)

func newMerge() *cobra.Command {
	var known, results, plot string
	var markdown bool
	cmd := &cobra.Command{
		Use:   "merge DIR...",
		Short: "Add up the results of a soak, or of its shards, to one summary",
		Long: "Print a summary of the results that soak wrote to the directories, which must be of one soak: how many schedules were run and how fast; the\n" +
			"failures, grouped by oracle and kind of cause, each with its first seed and the command that runs it again; how long recoveries took; and how\n" +
			"near the runs came to each bound.\n" +
			"A file for --known has the key of a known group of failures on each line, as the summary prints it, and comments after #.\n" +
			"Exit status: 0 if no run failed, or with --known if no group of failures is new; 1 if not; 2 if the command was used wrongly; 3 if a run was\n" +
			"not judged, or the results cannot be read.",
		Example: "  merge soak-reference\n  merge shard-0 shard-1 --known known-failures.txt --json summary.json\n  merge night --plot night.svg",
		Args:    someArguments("the directories of a soak, or of its shards"),
		RunE: func(cmd *cobra.Command, dirs []string) (err error) {
			keys, err := readKnown(known)
			if err != nil {
				return err
			}
			summary, notes, err := soak.Merge(dirs...)
			if err != nil {
				return ofSoak(err)
			}
			for _, note := range notes {
				fmt.Fprintln(cmd.ErrOrStderr(), note)
			}
			judged := judgement(summary.Outcomes)
			if known != "" {
				summary.Compare(keys)
				if judged = judgement(soak.Outcomes{NotJudged: summary.Outcomes.NotJudged}); len(summary.New()) > 0 {
					judged = errFailed
				}
			}
			files := outputs{reads: []string{known}}
			for _, dir := range dirs {
				files.reads = append(files.reads, soak.Files(dir)...)
			}
			defer files.end(&err)
			picture, err := files.picture(plot)
			if err != nil {
				return err
			}
			to, out, err := files.results(cmd, results)
			if err != nil {
				return err
			}
			drawing := func(to io.Writer, format string) error { return chart.Soak(to, format, summary) }
			return errors.Join(printSummary(summary, to, out, markdown), picture.draw(drawing), judged)
		},
	}
	f := cmd.Flags()
	f.StringVar(&known, "known", "", "a `file` with the failures that are known; only a new one then makes the exit status 1")
	f.StringVar(&results, "json", "", "a `file` to write the summary to, as one JSON object; - is the standard output, and the text then goes to the standard error")
	f.StringVar(&plot, "plot", "", "a `file` for a picture of the recoveries, the bounds and the failures: "+pictureFormats())
	f.BoolVar(&markdown, "markdown", false, "print the summary as Markdown")
	return cmd
}

// printSummary prints a summary as text or as Markdown, and as JSON unless results is nil.
func printSummary(s *soak.Summary, results, out io.Writer, markdown bool) error {
	if markdown {
		s.Markdown(out)
	} else {
		s.Print(out)
	}
	if results == nil {
		return nil
	}
	to := json.NewEncoder(results)
	to.SetIndent("", "  ")
	if err := to.Encode(s); err != nil {
		return unfinished{fmt.Errorf("write the summary: %w", err)}
	}
	return nil
}

// readKnown reads the file of known failures; no name means that there is none.
func readKnown(name string) ([]string, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--known: %w", err)
	}
	defer file.Close()
	return soak.ReadKnown(file)
}
