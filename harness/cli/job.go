package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/internal/command"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// task is a scenario to run, with the words of a command line that name it, for example "run" and "leader-moved".
type task struct {
	story
	words []string
	// as is what the scenario is called in the output. Empty: the name of the story.
	as string
}

func (t task) name() string { return cmp.Or(t.as, t.Name) }

// job is the work of one run or try command: every task, with every seed, on every engine.
type job struct {
	worker            worker
	engines           []engine
	manager, workload string
	tasks             []task
	seeds             seedRange
	within            within
	brief             bool
	transcript        string
	limit             time.Duration // how long a run may take by the wall clock; zero: see overdueAfter
	// fails is an oracle that is known to fail. The results are compared with that. Empty: they are not.
	fails string
	// reads are the files that the job was read from.
	reads         []string
	out, progress io.Writer
	json          io.Writer // nil: without --json
	keep          *keeper   // nil: without --report and --record
}

// order makes the order for run i of the job on an engine. Runs are numbered seed by seed.
func (j *job) order(e engine, i int) order {
	return order{
		Story: j.tasks[i%len(j.tasks)].story, Engine: e.name, Manager: j.manager, Workload: j.workload,
		Seed: j.seeds.first + uint64(i/len(j.tasks)), Within: j.within.limits, Brief: j.brief,
	}
}

// name is what run i of the job on an engine is called in the progress display. In a search the name contains the seed.
func (j *job) name(e engine, i int) string {
	name := j.tasks[i%len(j.tasks)].name() + " on " + e.name
	if j.seeds.count() > 1 {
		name += fmt.Sprintf(", seed %d", j.order(e, i).Seed)
	}
	return name
}

// again returns the words of the command that makes run i of the job again.
func (j *job) again(e engine, i int) []string {
	words := append(program(), j.tasks[i%len(j.tasks)].words...)
	words = append(words, "--engine", e.name, "--manager", j.manager, "--workload", j.workload)
	words = append(words, "--seed", strconv.FormatUint(j.order(e, i).Seed, 10))
	if j.brief {
		words = append(words, "--brief")
	}
	return append(words, j.within.again()...)
}

// run makes the job's runs, on one engine after another, and prints the results, even if the user interrupts it. With more than one seed it is a
// search, which ends with the first run that does not pass.
func (j *job) run(ctx context.Context) error {
	perEngine := len(j.tasks) * j.seeds.count()
	p := newProgress(j.progress, perEngine*len(j.engines))
	defer p.close()
	var results []*harness.Result
	var writing error
	search := j.seeds.count() > 1
	found := false
	for _, e := range j.engines {
		if found || writing != nil || ctx.Err() != nil {
			break
		}
		do := func(ctx context.Context, i int) *harness.Result {
			defer p.begin(j.name(e, i))()
			limit := cmp.Or(j.limit, overdueAfter(e))
			limited, cancel := context.WithTimeoutCause(ctx, limit, &overdueError{limit})
			defer cancel()
			r := j.worker.run(limited, j.order(e, i))
			r.Scenario, r.Again = j.tasks[i%len(j.tasks)].name(), command.Line(j.again(e, i)...)
			return r
		}
		sideBySide(ctx, e.atOnce, perEngine, do, func(i int, r *harness.Result) bool {
			p.end(j.name(e, i), outcomeText(r.Outcome), r, search && r.Outcome == record.Passed)
			if !search && r.Record != nil {
				for _, step := range schedule.LeftOut(r.Record) {
					p.say("warning: a step was left out: " + step)
				}
			}
			// A run that the user has interrupted is not judged, but it is not what the search looks for.
			found = search && (r.Outcome == record.Failed || r.Outcome == record.NotJudged && ctx.Err() == nil)
			if j.json != nil && !r.Usage {
				writing = json.NewEncoder(j.json).Encode(r)
			}
			j.keep.keep(r, j.tasks[i%len(j.tasks)].Schedule, nil)
			if j.transcript == "" {
				r.Record = nil // records are large, and a search makes many
			}
			results = append(results, r)
			return !found && writing == nil
		})
	}
	p.close()
	j.print(results)
	j.compare(results)
	if found {
		last := results[len(results)-1]
		fmt.Fprintf(j.out, "seed %d is the first of %s that did not pass, with %s on %s\n", last.Seed, &j.seeds, last.Scenario, last.Engine)
	}
	if writing != nil {
		writing = unfinished{fmt.Errorf("write the results: %w", writing)}
	}
	var interrupted error
	if done, total := judged(results), perEngine*len(j.engines); ctx.Err() != nil && done < total {
		interrupted = unfinished{fmt.Errorf("interrupted after %d of %d runs", done, total)}
	}
	return errors.Join(interrupted, writing, outcome(results))
}

// overdueAfter is how long a run of a job may take by the wall clock; then it is not judged. In virtual time a run takes seconds, and where time is real a
// minute or two: the rest is for busy machines and for what users add.
func overdueAfter(e engine) time.Duration {
	if e.name == virtualName {
		return 5 * time.Minute
	}
	return 15 * time.Minute
}

// judged counts the results with a verdict on the manager.
func judged(results []*harness.Result) int {
	n := 0
	for _, r := range results {
		if r.Outcome != record.NotJudged {
			n++
		}
	}
	return n
}

// outcome returns the errors of the runs that did not pass, for the exit code; nil if all passed.
func outcome(results []*harness.Result) error {
	var errs []error
	for _, r := range results {
		switch {
		case r.Outcome == record.Failed:
			errs = append(errs, errFailed)
		case r.Usage:
			errs = append(errs, errUsage)
		case r.Outcome == record.NotJudged:
			errs = append(errs, errNotJudged)
		}
	}
	return errors.Join(errs...)
}

// print prints the transcripts and the table.
func (j *job) print(results []*harness.Result) {
	for _, r := range results {
		if j.transcript != "" {
			full := j.transcript == transcriptFull
			fmt.Fprintf(j.out, "%s on %s with the %s manager, seed %d, digest %s\n%s\n", r.Scenario, r.Engine, r.Manager, r.Seed, r.Record.Digest(),
				r.Record.Transcript(record.TranscriptOptions{Updates: full, Exact: full}))
		}
	}
	printTable(j.out, results, j.seeds.count() > 1)
}
