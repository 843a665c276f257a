package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/internal/command"
	"github.com/stormwatch/stormwatch/harness/names"
)

// batchSize is the number of seeds that one child process measures: large enough that starting the process costs little in comparison, small
// enough that progress is reported often.
const batchSize = 20

// benchCase is a fault from which recovery is measured, and the name of the case.
type benchCase struct{ name, fault string }

// benchCases returns the cases that are measured by default.
func benchCases() []benchCase {
	return []benchCase{
		{"hung-leader-disk", "HangDisk(alpha/leader)"},
		{"leader-isolated", "Isolate(alpha/leader)"},
		{"member-frozen", "Freeze(alpha/follower)"},
		{"leader-killed", "Kill(alpha/leader)"},
		{"client-blackholed", "Blackhole(alpha/leader)"},
	}
}

// bench holds the arguments of one bench command.
type bench struct {
	catalogue       Catalogue
	cases, managers []string
	faults          []string
	workload        string
	within          within
	seed            uint64
	runs            int
	lines           bool
}

func newBench(c Catalogue) *cobra.Command {
	b := bench{catalogue: c}
	var about []string
	for _, one := range benchCases() {
		about = append(about, fmt.Sprintf("  %-18s %s", one.name, one.fault))
	}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how long managers need to recover, in virtual time on production timings",
		Long: "Measure, over many seeds, how long a manager's view takes to be fresh again after a fault that lasts.\n" +
			"The manager's watch is on the member that the fault strikes, and the manager has had time to settle.\n\n" +
			strings.Join(about, "\n") + "\n\n" +
			"OVER counts the runs that took longer than the fault allows, NEVER those in which the view was not fresh after " + longEnough.String() + ".\n" +
			"STALE is how old an update became before the view showed it. It leaves out the time of an election, since nothing is committed meanwhile.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd) },
	}
	cmd.Example = "  bench --manager reference,naive\n  bench --case hung-leader-disk --runs 200\n" +
		"  bench --fault 'SlowDisk(alpha/leader, 250ms)' --manager reference --gobench"
	f := cmd.Flags()
	f.IntVar(&b.runs, "runs", 100, "how many seeds to measure for each case and manager")
	f.Uint64Var(&b.seed, "seed", 1, "the first of the seeds")
	f.StringSliceVar(&b.cases, "case", nil, "the cases to measure; all, if neither a case nor a fault is named")
	f.StringArrayVar(&b.faults, "fault", nil, "a `fault` to measure, see list --faults; may be given more than once")
	f.StringSliceVar(&b.managers, "manager", c.candidateNames(), "the managers to measure")
	addWorkload(cmd, &b.workload)
	b.within.add(f)
	f.BoolVar(&b.lines, "gobench", false, "print Go benchmark lines, one a run, for benchstat, instead of a table")
	return cmd
}

// chosen returns the cases named by --case and --fault, or the default ones.
func (b *bench) chosen() ([]benchCase, error) {
	if len(b.cases) == 0 && len(b.faults) == 0 {
		return benchCases(), nil
	}
	byName := map[string]benchCase{}
	var all []string
	for _, one := range benchCases() {
		byName[one.name] = one
		all = append(all, one.name)
	}
	var list []benchCase
	for _, name := range b.cases {
		one, ok := byName[name]
		if !ok {
			return nil, names.Unknown("case", name, all)
		}
		list = append(list, one)
	}
	for _, text := range b.faults {
		f, err := fault.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("--fault: %w", err)
		}
		list = append(list, benchCase{f.String(), f.String()})
	}
	return list, nil
}

// cell is one row of the table: a case, a manager, and what was measured.
type cell struct {
	benchCase
	manager  string
	measured []measurement
}

// cells returns a cell for each chosen case and manager, or an error if the command was used wrongly.
func (b *bench) cells() ([]*cell, error) {
	if b.runs < 1 {
		return nil, fmt.Errorf("--runs %d: want at least 1", b.runs)
	}
	cases, err := b.chosen()
	if err != nil {
		return nil, err
	}
	var list []*cell
	for _, one := range cases {
		for _, name := range b.managers {
			m, err := b.catalogue.candidate(name)
			if err != nil {
				return nil, err
			}
			if err := checkWorkload(m, b.workload); err != nil {
				return nil, err
			}
			list = append(list, &cell{benchCase: one, manager: m.Name})
		}
	}
	return list, nil
}

// run measures all cells and prints what was measured, even if the user interrupts it.
func (b *bench) run(cmd *cobra.Command) error {
	cells, err := b.cells()
	if err != nil {
		return err
	}
	b.measure(cmd.Context(), cells, cmd.ErrOrStderr())
	if b.lines {
		printBenchmarkLines(cmd.OutOrStdout(), cells)
	} else {
		printRecoveryTable(cmd.OutOrStdout(), cells)
	}
	var errs []error
	done := 0
	for _, c := range cells {
		done += len(c.measured)
		errs = append(errs, b.failures(cmd.ErrOrStderr(), c))
	}
	if cmd.Context().Err() != nil && done < len(cells)*b.runs {
		errs = append(errs, unfinished{fmt.Errorf("interrupted after %d of %d runs", done, len(cells)*b.runs)})
	}
	return errors.Join(errs...)
}

// measure measures one cell after another. It runs as many batches at a time as there are processors.
func (b *bench) measure(ctx context.Context, cells []*cell, progress io.Writer) {
	batches := (b.runs + batchSize - 1) / batchSize
	began := time.Now()
	do := func(ctx context.Context, i int) []measurement {
		return measureInChild(ctx, b.order(cells[i/batches], i%batches))
	}
	sideBySide(ctx, runtime.NumCPU(), batches*len(cells), do, func(i int, list []measurement) bool {
		c := cells[i/batches]
		c.measured = append(c.measured, list...)
		if i%batches == batches-1 {
			fmt.Fprintf(progress, "[%d/%d] %s with the %s manager: %d runs, %.0fs since the start\n",
				i/batches+1, len(cells), c.name, c.manager, len(c.measured), time.Since(began).Seconds())
		}
		return true
	})
}

// order makes the order for batch i of a cell.
func (b *bench) order(c *cell, i int) order {
	return order{
		Story: story{Name: c.name, Fault: c.fault}, Engine: virtualName, Manager: c.manager, Workload: b.workload,
		Seed: b.seed + uint64(i*batchSize), Within: b.within.limits, Measure: min(batchSize, b.runs-i*batchSize),
	}
}

// failures prints the first failure of each sort in a cell, with the command that measures its seed again. It returns all failures.
func (b *bench) failures(out io.Writer, c *cell) error {
	var errs []error
	told := map[error]bool{}
	for _, m := range c.measured {
		what := errFailed
		switch {
		case m.Failure == "":
			continue
		case m.Usage:
			what = errUsage
		case m.NotJudged:
			what = errNotJudged
		}
		errs = append(errs, what)
		if !told[what] {
			first, _, _ := strings.Cut(m.Failure, "\n")
			fmt.Fprintf(out, "%s with the %s manager, seed %d: %s\n  again: %s\n", c.name, c.manager, m.Seed, first, b.again(c, m.Seed))
		}
		told[what] = true
	}
	return errors.Join(errs...)
}

// again returns the command that measures one seed of a cell again.
func (b *bench) again(c *cell, seed uint64) string {
	words := append(program(), "bench")
	if c.name == c.fault {
		words = append(words, "--fault", c.fault)
	} else {
		words = append(words, "--case", c.name)
	}
	words = append(words, "--manager", c.manager)
	if b.workload != "" {
		words = append(words, "--workload", b.workload)
	}
	words = append(words, "--seed", fmt.Sprint(seed), "--runs", "1")
	return command.Line(append(words, b.within.again()...)...)
}

// measuringScenario makes the scenario in which a recovery is measured. Its clusters have three members. The manager's watch is on the member that
// the fault will strike. After the manager has had time to settle, the fault begins at an instant that the seed draws.
func measuringScenario(name, expression string) (harness.Scenario, error) {
	f, err := fault.Parse(expression)
	if err != nil {
		return harness.Scenario{}, err
	}
	s := harness.Scenario{Name: name, Clusters: threeEach(f)}
	s.Body = func(w *harness.World) {
		var on []harness.Placement
		if m, one := f.Member(); one && m.Member != harness.RoleWatched {
			on = append(on, harness.WatchOn(m))
		}
		w.StartManager(on...)
		// StartManager closes links to make the manager's watch begin on the wanted member. After that the manager may need this long to use
		// those links again, since gRPC and the manager both wait between attempts.
		t := w.Timing()
		w.Pass(2*t.BackoffCap + t.RequestTimeout)
		// In production a fault can begin at any point between two probes or polls of the manager, so we draw the instant.
		w.Pass(time.Duration(w.Rand.Int64N(int64(max(longestRound, t.Poll, t.ProbeInterval, t.ProgressInterval)))))
		w.Inject(f).Measure(w.Clusters()[0], longEnough)
	}
	return s, nil
}

const (
	// longEnough is how long a measurement waits for a fresh view. A view that is not fresh by then counts as never recovered.
	longEnough = 3 * time.Minute
	// longestRound is the longest period that we expect of anything a manager does periodically. The candidate's timing may name a longer one.
	longestRound = 10 * time.Second
)

// threeEach makes the clusters that a fault names, each once, with three members and what else the fault needs.
func threeEach(f fault.Fault) []harness.Spec {
	var specs []harness.Spec
	seen := map[string]bool{}
	for _, name := range f.Clusters() {
		if !seen[name] {
			specs = append(specs, f.Suit(harness.Spec{Name: name, Members: 3}))
		}
		seen[name] = true
	}
	return specs
}
