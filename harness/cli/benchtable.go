package cli

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/stormwatch/stormwatch/harness/bench"
)

// printRecoveryTable prints a line for each series of which something was measured. It has a column for the engine if there is one in real time, and one
// for the swept interval if there is one.
func printRecoveryTable(out io.Writer, list []*series) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	engines := slices.ContainsFunc(list, func(s *series) bool { return s.engine.name != virtualName })
	head, swept := "", list[0].Set
	if engines {
		head = "ENGINE\t"
	}
	head += "CASE\tMANAGER\t"
	if swept != nil {
		head += strings.ToUpper(swept.Name) + "\t"
	}
	fmt.Fprintln(w, head+"RUNS\tMIN\tMEDIAN\tP99\tMAX\tBOUND\tOVER\tNEVER\tSTALE MEDIAN\tP99\tMAX")
	for _, row := range list {
		if len(row.Measured) == 0 {
			continue // the user interrupted bench before this series
		}
		if engines {
			fmt.Fprintf(w, "%s\t", row.engine.name)
		}
		fmt.Fprintf(w, "%s\t%s\t", row.Case.Name, row.Manager)
		if row.Set != nil {
			fmt.Fprintf(w, "%s\t", row.Set.Value)
		}
		s := row.Summary()
		limit := "-"
		if len(s.Took) > 0 {
			limit = seconds(s.Bound)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", len(s.Took),
			quantile(s.Took, 0), quantile(s.Took, 0.5), quantile(s.Took, 0.99), quantile(s.Took, 1), limit, s.Over, s.Never,
			quantile(s.Stale, 0.5), quantile(s.Stale, 0.99), quantile(s.Stale, 1))
	}
	_ = w.Flush() // Execute reports a write error
}

// quantile prints a quantile, "-" if there is none.
func quantile(d bench.Durations, share float64) string {
	took, ok := d.Quantile(share)
	switch {
	case !ok:
		return "-"
	case took == bench.Never:
		return "never"
	}
	return seconds(took)
}

// printBenchmarkLines prints one line for each run. Runs whose view never recovered have no figure; a comment line counts them.
func printBenchmarkLines(out io.Writer, list []*series) {
	fmt.Fprintf(out, "goos: %s\ngoarch: %s\npkg: %s\n", runtime.GOOS, runtime.GOARCH, module)
	for _, s := range list {
		name := "BenchmarkRecovery/case=" + s.Case.Name + "/manager=" + s.Manager
		if s.engine.name != virtualName {
			name += "/engine=" + s.engine.name
		}
		if s.Set != nil {
			name += "/" + s.Set.String()
		}
		name = strings.ReplaceAll(name, " ", "_") // benchstat splits lines at spaces
		for _, m := range s.Measured {
			if m.Failure == "" && m.Took >= 0 {
				fmt.Fprintf(out, "%s\t1\t%d ns/op\n", name, m.Took.Nanoseconds())
			}
		}
		sum := s.Summary()
		if sum.Never > 0 {
			fmt.Fprintf(out, "# %s: %d more never came back\n", name, sum.Never)
		}
		if sum.Broken > 0 {
			fmt.Fprintf(out, "# %s: %d more could not be measured\n", name, sum.Broken)
		}
	}
}
