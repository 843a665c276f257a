package main

import (
	"context"
	"encoding/gob"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// batch is how many seeds a child process measures: enough to forget what a process costs, few enough to see progress.
const batch = 20

// benchManagers are measured unless others are named.
var benchManagers = []string{"reference", "hedged", "br-preset", "br", "naive"}

// measurement is the failover of one seed.
type measurement struct {
	Seed uint64
	// Took is negative if the view was not fresh again as long as it was waited for.
	Took time.Duration
	// Stale is the largest staleness of the view since the fault: what the manager alone is to blame for. While a cluster elects,
	// nothing is committed and nothing grows stale.
	Stale time.Duration
	// Failure is why nothing could be measured; empty if something was.
	Failure string
}

func newBench() *cobra.Command {
	var runs int
	var seed uint64
	var names, managers []string
	var lines bool
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure how long managers need to fail over, in virtual time on production timings",
		Long: "Measure, over many seeds, how long a manager's view takes to be fresh again after a fault that lasts.\n" +
			"OVER counts the runs that took longer than the scenario's bound, NEVER those in which the view was not fresh after 3 minutes.\n" +
			"STALE is how old an update became before the view showed it: the election that a failover may have to wait for is not in it.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if runs < 1 {
				return fmt.Errorf("--runs %d: want at least 1", runs)
			}
			cells, err := chooseCells(names, managers)
			if err != nil {
				return err
			}
			return bench(c, cells, seed, runs, lines)
		},
	}
	f := c.Flags()
	f.IntVar(&runs, "runs", 100, "how many seeds to measure each scenario and manager with")
	f.Uint64Var(&seed, "seed", 1, "the first of the seeds")
	f.StringSliceVar(&names, "scenario", nil, "the scenarios to measure, all if none is named")
	f.StringSliceVar(&managers, "manager", benchManagers, "the managers to measure")
	f.BoolVar(&lines, "gobench", false, "print Go benchmark lines, one a run, for benchstat, instead of a table")
	return c
}

// cell is a scenario with a manager, and what came of it.
type cell struct {
	failover scenarios.Failover
	manager  harness.Candidate
	measured []measurement
}

func chooseCells(names, managers []string) ([]*cell, error) {
	var cells []*cell
	if len(names) == 0 {
		for _, f := range scenarios.Failovers() {
			names = append(names, f.Name)
		}
	}
	for _, name := range names {
		f, err := scenarios.FindFailover(name)
		if err != nil {
			return nil, err
		}
		for _, manager := range managers {
			c, err := scenarios.FindManager(manager)
			if err != nil {
				return nil, err
			}
			cells = append(cells, &cell{failover: f, manager: c})
		}
	}
	return cells, nil
}

// bench measures cell after cell, each in as many processes at a time as there are processors.
func bench(c *cobra.Command, cells []*cell, seed uint64, runs int, lines bool) error {
	print := printFailoverTable
	if lines {
		print = printBenchmarkLines
	}
	for i, one := range cells {
		began := time.Now()
		if err := one.measure(c.Context(), seed, runs); err != nil {
			return failure{err}
		}
		fmt.Fprintf(c.ErrOrStderr(), "[%d/%d] %s with the %s manager: %d runs in %.0fs\n",
			i+1, len(cells), one.failover.Name, one.manager.Name, runs, time.Since(began).Seconds())
	}
	print(c.OutOrStdout(), cells)
	for _, one := range cells {
		for _, m := range one.measured {
			if m.Failure != "" {
				return failure{fmt.Errorf("%s with the %s manager, seed %d: %s", one.failover.Name, one.manager.Name, m.Seed, m.Failure)}
			}
		}
	}
	return nil
}

// measure blocks until all seeds are measured. An error means that ctx ended: what went wrong with a run is its measurement's.
func (c *cell) measure(ctx context.Context, seed uint64, runs int) error {
	c.measured = make([]measurement, runs)
	var running errgroup.Group
	running.SetLimit(runtime.NumCPU())
	for first := 0; first < runs; first += batch {
		count := min(batch, runs-first)
		running.Go(func() error {
			if ctx.Err() != nil {
				return fmt.Errorf("interrupted: %w", ctx.Err())
			}
			o := order{Scenario: c.failover.Name, Manager: c.manager.Name, Seed: seed + uint64(first), Measure: count}
			list := measureInChild(ctx, o)
			copy(c.measured[first:], list)
			return nil
		})
	}
	return running.Wait()
}

// measureInChild has a batch of seeds measured in a child process. Seeds that a process which died owes are failures.
func measureInChild(ctx context.Context, o order) []measurement {
	var list []measurement
	err := child(ctx, o, func(from *gob.Decoder) error {
		for range o.Measure {
			var m measurement
			if err := from.Decode(&m); err != nil {
				return err
			}
			list = append(list, m)
		}
		return nil
	})
	for len(list) < o.Measure {
		list = append(list, measurement{Seed: o.Seed + uint64(len(list)), Failure: fmt.Sprint(err)})
	}
	return list
}

// measurements are the tests in which a child measures the seeds of its order. Each says what it found as soon as it knows.
func (o order) measurements() []testing.InternalTest {
	// Another process has the other processor.
	runtime.GOMAXPROCS(1)
	pipe := gob.NewEncoder(os.NewFile(childPipe, "measurements"))
	var tests []testing.InternalTest
	for i := range uint64(o.Measure) {
		seed := o.Seed + i
		tests = append(tests, testing.InternalTest{Name: fmt.Sprintf("%s/%d", o.Scenario, seed), F: func(t *testing.T) {
			if err := pipe.Encode(o.measure(t, seed)); err != nil {
				t.Fatal(err)
			}
		}})
	}
	return tests
}

func (o order) measure(t *testing.T, seed uint64) measurement {
	f, err := scenarios.FindFailover(o.Scenario)
	if err != nil {
		t.Fatal(err)
	}
	c, err := scenarios.FindManager(o.Manager)
	if err != nil {
		t.Fatal(err)
	}
	r := harness.Execute(context.Background(), virtual.New(t, seed), f.Scenario, c, harness.Options{Seed: seed, Dir: "."})
	if r.Bound > 0 {
		// The story was told up to its end; what the oracles say of a manager that never came back is known already.
		m := measurement{Seed: seed, Took: r.Failover}
		for _, p := range r.Record.Staleness("alpha") {
			if p.At >= r.Record.Faults[0].From {
				m.Stale = max(m.Stale, p.Staleness)
			}
		}
		return m
	}
	var said []string
	for _, v := range r.Failed() {
		said = append(said, v.Oracle+": "+v.Evidence)
	}
	return measurement{Seed: seed, Failure: strings.Join(append(said, "nothing was measured"), "; ")}
}

// statistics are those of a cell. A view that never came back counts as slower than every other.
type statistics struct {
	took, stale durations
	over, never int
}

// durations are in order.
type durations []time.Duration

const never = time.Duration(1<<63 - 1)

func (c *cell) statistics() statistics {
	var s statistics
	limit := c.failover.Bound(bound.Bounds{Timing: bound.Production()})
	for _, m := range c.measured {
		if m.Failure != "" {
			continue
		}
		switch {
		case m.Took < 0:
			s.never++
			s.over++
			m.Took, m.Stale = never, never
		case m.Took > limit:
			s.over++
		}
		s.took, s.stale = append(s.took, m.Took), append(s.stale, m.Stale)
	}
	slices.Sort(s.took)
	slices.Sort(s.stale)
	return s
}

// quantile is the smallest duration that at least that share of all does not exceed.
func (d durations) quantile(share float64) string {
	if len(d) == 0 {
		return "-"
	}
	took := d[max(int(math.Ceil(share*float64(len(d))))-1, 0)]
	if took == never {
		return "never"
	}
	return seconds(took)
}

func printFailoverTable(out io.Writer, cells []*cell) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SCENARIO\tMANAGER\tRUNS\tMIN\tMEDIAN\tP99\tMAX\tBOUND\tOVER\tNEVER\tSTALE MEDIAN\tP99\tMAX")
	for _, c := range cells {
		s := c.statistics()
		limit := c.failover.Bound(bound.Bounds{Timing: bound.Production()})
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", c.failover.Name, c.manager.Name, len(s.took),
			s.took.quantile(0), s.took.quantile(0.5), s.took.quantile(0.99), s.took.quantile(1), seconds(limit), s.over, s.never,
			s.stale.quantile(0.5), s.stale.quantile(0.99), s.stale.quantile(1))
	}
	_ = w.Flush() // the writer below says nothing that could be acted on
}

// printBenchmarkLines prints a line a run. A view that never came back has no figure; a comment counts those.
func printBenchmarkLines(out io.Writer, cells []*cell) {
	fmt.Fprintf(out, "goos: %s\ngoarch: %s\npkg: github.com/stormwatch/stormwatch\n", runtime.GOOS, runtime.GOARCH)
	for _, c := range cells {
		name := fmt.Sprintf("BenchmarkFailover/scenario=%s/manager=%s", c.failover.Name, c.manager.Name)
		lost := 0
		for _, m := range c.measured {
			if m.Failure != "" || m.Took < 0 {
				lost++
				continue
			}
			fmt.Fprintf(out, "%s\t1\t%d ns/op\n", name, m.Took.Nanoseconds())
		}
		if lost > 0 {
			fmt.Fprintf(out, "# %s: %d more never came back\n", name, lost)
		}
	}
}
