package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule/draw"
	"github.com/stormwatch/stormwatch/harness/soak"
)

// soakFlags are the flags of soak.
type soakFlags struct {
	params  soak.Params
	seeds   seedRange
	length  time.Duration
	workers int
	limit   time.Duration
	out     string
	resume  bool
	plain   plainFlag
	explain bool
	keep    keepFlags
}

func newSoak(c Catalogue) *cobra.Command {
	var a soakFlags
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "Draw schedules by the thousand, run them, and keep what came of them",
		Long: "Draw a schedule from each seed, run it with the manager, and write a line of JSON for each run into a directory. Schedules that reach a\n" +
			"situation for the first time are kept and changed further. The first failure of each oracle in each island of seeds is shrunk, and its cause\n" +
			"looked for. At the end, also after Ctrl-C, a summary of all runs in the directory is printed; merge prints it again, and that of shards.\n" +
			"Exit status: 0 if every run passed, 1 if one failed, 2 if the command was used wrongly, 3 if a run could not be judged, the results not be\n" +
			"written, or the soak was interrupted.",
		Example: "  soak --seeds 1-1000\n  soak --for 8h --manager naive --out night\n  soak --for 8h --out night --resume\n  soak --seeds 1-10000 --shard 0/4 --out shard-0",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.run(cmd, c) },
	}
	f := cmd.Flags()
	f.Var(&a.seeds, "seeds", "the `range` of seeds, such as 1-10000; with --for, those to take from")
	f.DurationVar(&a.length, "for", 0, "how `long` to go on, such as 8h; runs that have begun by then are completed")
	f.StringVar(&a.params.Engine, "engine", virtualName, "what the clusters are made of: "+virtualName+" or "+embeddedName)
	addManager(cmd, &a.params.Manager, c)
	f.StringVar(&a.params.Workload, "workload", "", "the workload to run with, see list --workloads (default: one of the manager's, drawn for each schedule)")
	f.IntVar(&a.workers, "workers", 0, "how many runs go on at the same time (default: one a processor, on embedded two)")
	f.TextVar(&a.params.Shard, "shard", soak.Shard{}, fmt.Sprintf("the `part` of the soak to run, such as 0/4, for a machine of its own; at most %d", soak.Islands))
	f.BoolVar(&a.params.Blind, "blind", false, "draw every schedule from its seed alone")
	f.BoolVar(&a.explain, "explain", true, "shrink failures and look for their cause; --explain=false does not")
	f.DurationVar(&a.limit, "limit", 0, "how long a run may take by the wall clock before it is killed and not judged (default: from the length of its schedule, at least 1m)")
	f.StringVar(&a.out, "out", "", "a `directory` for the results (default: soak-MANAGER, and the shard)")
	f.BoolVar(&a.resume, "resume", false, "go on with the soak in the directory; what it was started with need not be given again")
	a.keep.add(f)
	a.plain.add(f)
	return cmd
}

// run checks the flags, makes the soak and prints its summary.
func (a *soakFlags) run(cmd *cobra.Command, c Catalogue) (err error) {
	if err := a.complete(cmd); err != nil {
		return err
	}
	s, err := a.soaking(c)
	if err != nil {
		return err
	}
	config := s.config(a)
	if err := config.Check(); err != nil { // before the build, which may take minutes
		return ofSoak(err)
	}
	a.keep.more = a.resume
	files := outputs{reads: soak.Files(a.out)}
	defer files.end(&err)
	if s.keep, err = a.keep.open(&files); err != nil {
		return err
	}
	defer s.keep.close(&err)
	s.worker = a.plain.worker(cmd.Context(), c, []engine{s.engine}, cmd.ErrOrStderr())
	fmt.Fprintf(cmd.ErrOrStderr(), "the results are in %s\n", a.out)
	s.progress = newSoakProgress(cmd.ErrOrStderr(), a.params)
	making := ofSoak(soak.Run(cmd.Context(), config))
	s.progress.close()
	if _, err := soak.ReadParams(a.out); err != nil && making != nil {
		return making // nothing was begun
	}
	summary, notes, err := soak.Merge(a.out)
	if err != nil {
		return errors.Join(making, ofSoak(err))
	}
	summary.Print(cmd.OutOrStdout())
	for _, note := range notes {
		fmt.Fprintln(cmd.ErrOrStderr(), note)
	}
	return errors.Join(interruptedSoak(cmd.Context(), a.params, summary), making, judgement(summary.Outcomes))
}

// complete fills in what the flags do not say, when a soak goes on: what it was started with.
func (a *soakFlags) complete(cmd *cobra.Command) error {
	given := cmd.Flags().Changed
	if a.out == "" {
		a.out = "soak-" + a.params.Manager
		if !a.params.Shard.Whole() {
			a.out += fmt.Sprintf("-%d-of-%d", a.params.Shard.Index, a.params.Shard.Of)
		}
	}
	a.params.Version, a.params.For = soak.Version, soak.Length(a.length)
	a.params.First, a.params.Last = a.seeds.first, a.seeds.last
	if began, err := soak.ReadParams(a.out); a.resume && err == nil {
		if !given("seeds") {
			a.params.First, a.params.Last = began.First, began.Last
		}
		if !given("for") {
			a.params.For = began.For
		}
		if !given("engine") {
			a.params.Engine = began.Engine
		}
		if !given("manager") {
			a.params.Manager = began.Manager
		}
		if !given("workload") {
			a.params.Workload = began.Workload
		}
		if !given("shard") {
			a.params.Shard = began.Shard
		}
		if !given("blind") {
			a.params.Blind = began.Blind
		}
		return nil
	}
	switch {
	case !given("seeds") && !given("for"):
		return errors.New("say how much: --seeds 1-1000, or --for 8h, or both")
	case given("for") && a.length <= 0:
		return fmt.Errorf("--for %s: want more than nothing", a.length)
	case !given("seeds"):
		a.params.First, a.params.Last = 1, mostSeeds
	}
	return nil
}

// soaking checks what the soak is to be made with.
func (a *soakFlags) soaking(c Catalogue) (*soaking, error) {
	e, err := findEngine(a.params.Engine)
	if err != nil {
		return nil, err
	}
	if e.name != a.params.Engine {
		return nil, fmt.Errorf("--engine %s: want one engine", a.params.Engine)
	}
	m, err := c.candidate(a.params.Manager)
	if err != nil {
		return nil, err
	}
	if err := checkWorkload(m, a.params.Workload); err != nil {
		return nil, err
	}
	if a.workers < 0 || a.limit < 0 {
		return nil, errors.New("--workers and --limit: want more than nothing")
	}
	s := &soaking{engine: e, manager: m, workload: a.params.Workload, limit: a.limit, failures: filepath.Join(a.out, failuresDir)}
	return s, nil
}

// config makes the configuration of the soak.
func (s *soaking) config(a *soakFlags) soak.Config {
	c := soak.Config{
		Params: a.params, Dir: a.out, Resume: a.resume, Workers: a.workers,
		NewGuide: func() soak.Guide { return draw.NewGuide(s.space(), a.params.Blind) }, Run: s.runAndKeep, Reached: (*record.Record).Reached,
		Begun: func(l soak.Line) { s.progress.resumed(l) }, Done: func(l soak.Line) { s.progress.done(l) },
		Torn: func(file string) {
			s.progress.say(file + ": the last line was not complete, since the soak was ended while it wrote it; the line is cut off, and its run made again")
		},
	}
	if a.explain {
		c.Explain = s.explain
	}
	if c.Workers == 0 {
		c.Workers = s.engine.atOnce
	}
	return c
}

// ofSoak says of an error of package soak whether the caller is to blame.
func ofSoak(err error) error {
	var file *soak.FileError
	if errors.As(err, &file) || errors.Is(err, soak.ErrHopeless) {
		return unfinished{err}
	}
	return err
}

// interruptedSoak is the error of a soak that was interrupted before it had made all its runs; else nil.
func interruptedSoak(ctx context.Context, p soak.Params, s *soak.Summary) error {
	switch total := p.Seeds(); {
	case ctx.Err() == nil:
		return nil
	case p.For > 0:
		return unfinished{fmt.Errorf("interrupted after %d runs; --resume goes on", s.Schedules)}
	case s.Schedules < total:
		return unfinished{fmt.Errorf("interrupted after %d of %d runs; --resume goes on", s.Schedules, total)}
	}
	return nil
}

// judgement is the error that the outcomes of runs stand for; nil if all passed.
func judgement(o soak.Outcomes) error {
	switch {
	case o.Failed > 0:
		return errFailed
	case o.NotJudged > 0:
		return errNotJudged
	}
	return nil
}
