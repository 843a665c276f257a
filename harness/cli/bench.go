package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness/bench"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/internal/command"
)

// benchmark holds the arguments of one bench command.
type benchmark struct {
	catalogue       Catalogue
	cases, managers []string
	faults          []string
	workload        string
	within          within
	engines         string
	seed            uint64
	runs            int
	sweep           sweep
	lines           bool
	json, plot      string
}

// The numbers of seeds by default. A run takes a twentieth of a second in virtual time, and seconds in real time.
const (
	runsInVirtualTime = 100
	runsInRealTime    = 20
)

func newBench(c Catalogue) *cobra.Command {
	b := benchmark{catalogue: c}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how long managers need to recover from faults",
		Long: "Measure, over many seeds, how long a manager's view takes to be fresh again after a fault that lasts.\n" +
			"The manager's watch is on the member that the fault strikes, and the manager has had time to settle.\n\n" +
			"Cases:\n" + benchCasesHelp() + "\n" +
			"On the engine virtual the timeouts are production's. On the engine embedded time is real, the timeouts are a quarter of production's (the\n" +
			"election timeout is half), and several clusters run at the same time.\n\n" +
			"MIN to MAX are the recoveries, from the instant at which the fault is in force. BOUND is what the fault allows a manager with this timing. OVER\n" +
			"counts the runs that took longer, and NEVER those whose view was not fresh after " + minutes(bench.Longest(bound.Production())) +
			", in real time " + minutes(bench.Longest(bound.Compressed())) + ".\n" +
			"STALE is how old an update became before the view showed it. It leaves out the time of an election, since nothing is committed meanwhile.\n\n" +
			"A sweep measures once for each value of one interval, in virtual time:\n" + intervalsHelp() + "\n" +
			"An interrupted bench prints, writes and draws what it has measured until then.\n" +
			"Exit status: 0 if every run was measured; 1 if a manager failed so that nothing could be measured; 2 if the command was used wrongly; 3 if a\n" +
			"run could not be made, or the user interrupted.",
		Example: "  bench --manager reference,naive --plot recovery.svg\n" +
			"  bench --engine embedded --case hung-leader-disk --runs 40\n" +
			"  bench --fault 'SlowDisk(alpha/leader, 250ms)' --json results.jsonl\n" +
			"  bench --sweep election=500ms,1s,2s --case leader-killed --plot election.png\n" +
			"  bench --gobench > old.txt; git switch faster; bench --gobench > new.txt; benchstat old.txt new.txt",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&b.engines, "engine", virtualName, "what the clusters are made of: "+virtualName+", "+embeddedName+" or "+allEngines)
	f.IntVar(&b.runs, "runs", 0, fmt.Sprintf("how many seeds to measure for each case and manager (default %d in virtual time, %d in real time)", runsInVirtualTime, runsInRealTime))
	f.Uint64Var(&b.seed, "seed", 1, "the first of the seeds")
	f.StringSliceVar(&b.cases, "case", nil, "the cases to measure; all, if neither a case nor a fault is named")
	f.StringArrayVar(&b.faults, "fault", nil, "a `fault` to measure, see list --faults; may be given more than once")
	f.StringSliceVar(&b.managers, "manager", nil, "the managers to measure; those without a known mistake, if none is named")
	addWorkload(cmd, &b.workload)
	b.within.add(f)
	f.Var(&b.sweep, "sweep", "measure with each of these values of an `interval`, such as election=500ms,1s,2s")
	f.BoolVar(&b.lines, "gobench", false, "print Go benchmark lines, one a run, for benchstat, instead of a table")
	f.StringVar(&b.json, "json", "", "a `file` to write one line of JSON to for each row of the table; - is the standard output, and the table then goes to the standard error")
	f.StringVar(&b.plot, "plot", "", "a `file` for a picture of the recoveries: "+pictureFormats())
	return cmd
}

func benchCasesHelp() string {
	var text strings.Builder
	for _, one := range bench.Cases() {
		fmt.Fprintf(&text, "  %-18s %s\n", one.Name, one.Fault)
	}
	return text.String()
}

func intervalsHelp() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 1, ' ', 0)
	for _, i := range bench.Intervals() {
		fmt.Fprintf(w, "  %s\t%s\n", i.Name, i.About)
	}
	_ = w.Flush() // a strings.Builder returns no error
	return text.String()
}

// minutes prints a duration as a person says it.
func minutes(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}

// run measures all series, and prints, writes and draws what was measured, even if the user interrupts it.
func (b *benchmark) run(cmd *cobra.Command) (err error) {
	if cmd.Flags().Changed("runs") && b.runs < 1 {
		return fmt.Errorf("--runs %d: want at least 1", b.runs)
	}
	list, err := b.series()
	if err != nil {
		return err
	}
	var files outputs
	defer files.end(&err)
	picture, err := files.picture(b.plot)
	if err != nil {
		return err
	}
	results, out, err := files.results(cmd, b.json)
	if err != nil {
		return err
	}
	b.measure(cmd.Context(), list, cmd.ErrOrStderr())
	if b.lines {
		printBenchmarkLines(out, list)
	} else {
		printRecoveryTable(out, list)
	}
	var errs []error
	done, total := 0, 0
	for _, s := range list {
		done, total = done+len(s.Measured), total+s.runs
		errs = append(errs, b.failures(cmd.ErrOrStderr(), s))
		if results != nil && s.made() {
			if err := s.WriteJSON(results); err != nil {
				errs = append(errs, unfinished{fmt.Errorf("write the results: %w", err)})
				results = nil
			}
		}
	}
	if cmd.Context().Err() != nil && done < total {
		errs = append(errs, unfinished{fmt.Errorf("interrupted after %d of %d runs", done, total)})
	}
	return errors.Join(append(errs, picture.draw(b.drawing(list)))...)
}

// measure measures one series after another, those of one engine before those of the next. It makes as many runs at the same time as suits the engine.
func (b *benchmark) measure(ctx context.Context, list []*series, progress io.Writer) {
	began := time.Now()
	for first := 0; first < len(list); {
		e := list[first].engine
		n := 0
		for first+n < len(list) && list[first+n].engine.name == e.name {
			n++
		}
		some, before := list[first:first+n], first
		batches := some[0].batches()
		do := func(ctx context.Context, i int) []bench.Measurement {
			return measureInChild(ctx, b.order(some[i/batches], i%batches))
		}
		sideBySide(ctx, e.atOnce, batches*n, do, func(i int, measured []bench.Measurement) bool {
			s := some[i/batches]
			s.Measured = append(s.Measured, measured...)
			if i%batches == batches-1 {
				fmt.Fprintf(progress, "[%d/%d] %s: %d runs, %.0fs since the start\n",
					before+i/batches+1, len(list), s.title(), len(s.Measured), time.Since(began).Seconds())
			}
			return true
		})
		first += n
	}
}

// order makes the order for batch i of a series.
func (b *benchmark) order(s *series, i int) order {
	return order{
		Story: story{Name: s.Case.Name, Fault: s.Case.Fault}, Engine: s.engine.name, Manager: s.Manager, Workload: b.workload, Set: s.Set,
		Seed: b.seed + uint64(i*s.batch), Within: b.within.limits, Measure: min(s.batch, s.runs-i*s.batch),
	}
}

// failures prints the first failure of each sort in a series, with the command that measures its seed again. It returns all failures.
func (b *benchmark) failures(out io.Writer, s *series) error {
	var errs []error
	told := map[error]bool{}
	for _, m := range s.Measured {
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
			fmt.Fprintf(out, "%s, seed %d: %s\n  again: %s\n", s.title(), m.Seed, first, b.again(s, m.Seed))
		}
		told[what] = true
	}
	return errors.Join(errs...)
}

// again returns the command that measures one seed of a series again.
func (b *benchmark) again(s *series, seed uint64) string {
	words := append(program(), "bench")
	if s.engine.name != virtualName {
		words = append(words, "--engine", s.engine.name)
	}
	if s.Case.Name == s.Case.Fault {
		words = append(words, "--fault", s.Case.Fault)
	} else {
		words = append(words, "--case", s.Case.Name)
	}
	words = append(words, "--manager", s.Manager)
	if b.workload != "" {
		words = append(words, "--workload", b.workload)
	}
	if s.Set != nil {
		words = append(words, "--sweep", s.Set.String())
	}
	words = append(words, "--seed", fmt.Sprint(seed), "--runs", "1")
	return command.Line(append(words, b.within.again()...)...)
}
