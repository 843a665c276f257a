package cli

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// row is a line of the table: the runs of one scenario on one engine.
type row struct {
	first           *harness.Result
	runs            int
	outcome         record.Outcome
	recovery, bound time.Duration // of the slowest run; recovery is negative if it never came, bound is zero if none was measured
}

// add adds a run to the row. The row shows the worst outcome and the slowest recovery of its runs.
func (w *row) add(r *harness.Result) {
	w.runs++
	if severity(r.Outcome) > severity(w.outcome) {
		w.outcome = r.Outcome
	}
	if r.Bound > 0 && w.recovery >= 0 && (r.Recovery < 0 || r.Recovery >= w.recovery) {
		w.recovery, w.bound = r.Recovery, r.Bound
	}
}

// severity orders outcomes: failed is worse than not judged, and not judged is worse than passed.
func severity(o record.Outcome) int {
	switch o {
	case record.Failed:
		return 2
	case record.NotJudged:
		return 1
	}
	return 0
}

// rows groups results into rows, in the order in which they came.
func rows(results []*harness.Result) []*row {
	var list []*row
	at := map[[2]string]*row{}
	for _, r := range results {
		key := [2]string{r.Scenario, r.Engine}
		if at[key] == nil {
			at[key] = &row{first: r, outcome: record.Passed}
			list = append(list, at[key])
		}
		at[key].add(r)
	}
	return list
}

// printTable prints a line for each scenario and engine, and below it each run that did not pass, with the command that runs it again. In a search
// a column counts the seeds.
func printTable(out io.Writer, results []*harness.Result, search bool) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	seeds := func(text any) string {
		if !search {
			return ""
		}
		return fmt.Sprintf("%v\t", text)
	}
	fmt.Fprintf(w, "SCENARIO\tENGINE\tMANAGER\tWORKLOAD\t%sVERDICT\tRECOVERY\tBOUND\n", seeds("SEEDS"))
	for _, one := range rows(results) {
		recovery, bound := "-", "-"
		if one.bound > 0 {
			recovery, bound = "never", seconds(one.bound)
			if one.recovery >= 0 {
				recovery = seconds(one.recovery)
			}
		}
		r := one.first
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s%s\t%s\t%s\n", r.Scenario, r.Engine, r.Manager, r.Workload, seeds(one.runs), outcomeText(one.outcome), recovery, bound)
	}
	_ = w.Flush() // Execute reports a write error
	counts := map[record.Outcome]int{}
	for _, r := range results {
		counts[r.Outcome]++
		if r.Outcome != record.Passed {
			fmt.Fprintf(out, "\n%s\n", r)
		}
	}
	fmt.Fprintln(out)
	printNotAsked(out, results)
	fmt.Fprintf(out, "%d passed, %d failed, %d not judged\n", counts[record.Passed], counts[record.Failed], counts[record.NotJudged])
}

// printNotAsked prints the oracles that did not apply to the manager in any run that was judged.
func printNotAsked(out io.Writer, results []*harness.Result) {
	var order []string
	runs := map[string]int{}
	for _, r := range results {
		for _, v := range r.NotAsked() {
			if runs[v.String()] == 0 {
				order = append(order, v.String())
			}
			runs[v.String()]++
		}
	}
	for _, what := range order {
		if runs[what] == judged(results) {
			fmt.Fprintln(out, what)
		}
	}
}

// outcomeText is an outcome as it is printed, a failure in capital letters.
func outcomeText(o record.Outcome) string {
	if o == record.Failed {
		return "FAILED"
	}
	return string(o)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }
