package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// printTable prints a line a result, and below it what failed and how to run it again.
func printTable(out io.Writer, results []*harness.Result) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SCENARIO\tENGINE\tMANAGER\tVERDICT\tFAILOVER\tBOUND")
	passed := 0
	for _, r := range results {
		verdict := "FAILED"
		if r.Passed {
			verdict = "passed"
			passed++
		}
		failover, bound := "-", "-"
		if r.Bound > 0 {
			bound = seconds(r.Bound)
			failover = "never"
			if r.Failover >= 0 {
				failover = seconds(r.Failover)
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Scenario, r.Engine, r.Manager, verdict, failover, bound)
	}
	_ = w.Flush() // the writer below says nothing that could be acted on
	for _, r := range results {
		if !r.Passed {
			fmt.Fprintf(out, "\n%s\n", r)
		}
	}
	fmt.Fprintf(out, "\n%d passed, %d failed\n", passed, len(results)-passed)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }
