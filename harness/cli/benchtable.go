package cli

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
)

// printRecoveryTable prints a line for each cell of which something was measured.
func printRecoveryTable(out io.Writer, cells []*cell) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CASE\tMANAGER\tRUNS\tMIN\tMEDIAN\tP99\tMAX\tBOUND\tOVER\tNEVER\tSTALE MEDIAN\tP99\tMAX")
	for _, c := range cells {
		if len(c.measured) == 0 {
			continue // the user interrupted bench before this cell
		}
		s := c.statistics()
		limit := "-"
		if len(s.took) > 0 {
			limit = seconds(s.bound)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", c.name, c.manager, len(s.took),
			s.took.quantile(0), s.took.quantile(0.5), s.took.quantile(0.99), s.took.quantile(1), limit, s.over, s.never,
			s.stale.quantile(0.5), s.stale.quantile(0.99), s.stale.quantile(1))
	}
	_ = w.Flush() // Execute reports a write error
}

// printBenchmarkLines prints one line for each run. Runs whose view never recovered have no figure; a comment line counts them.
func printBenchmarkLines(out io.Writer, cells []*cell) {
	fmt.Fprintf(out, "goos: %s\ngoarch: %s\npkg: %s\n", runtime.GOOS, runtime.GOARCH, module)
	for _, c := range cells {
		// benchstat splits lines at spaces, so a name must not contain any.
		name := strings.ReplaceAll(fmt.Sprintf("BenchmarkRecovery/case=%s/manager=%s", c.name, c.manager), " ", "_")
		lost, broken := 0, 0
		for _, m := range c.measured {
			switch {
			case m.Failure != "":
				broken++
			case m.Took < 0:
				lost++
			default:
				fmt.Fprintf(out, "%s\t1\t%d ns/op\n", name, m.Took.Nanoseconds())
			}
		}
		if lost > 0 {
			fmt.Fprintf(out, "# %s: %d more never came back\n", name, lost)
		}
		if broken > 0 {
			fmt.Fprintf(out, "# %s: %d more could not be measured\n", name, broken)
		}
	}
}
