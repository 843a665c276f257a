package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/scenarios"
)

// job is what one call of run is to do.
type job struct {
	engines   []engine
	manager   harness.Candidate
	scenarios []harness.Scenario
	seed      uint64
	json      io.Writer
	// transcript says that each run's timeline is to be printed.
	transcript bool
}

// engine is a way to run a scenario.
type engine struct {
	name string
	run  func(context.Context, harness.Scenario, harness.Candidate, uint64) *harness.Result
}

const (
	virtualName  = "virtual"
	embeddedName = "embedded"
	bothName     = "both"
)

// engines are the ones that there are, the default first.
var engines = []engine{{virtualName, runInChild}, {embeddedName, runHere}}

// runHere runs a scenario on the embedded engine in this process.
func runHere(ctx context.Context, s harness.Scenario, c harness.Candidate, seed uint64) *harness.Result {
	return harness.Execute(ctx, embedded.Engine{}, s, c, harness.Options{Seed: seed})
}

func newRun() *cobra.Command {
	var engine, manager, jsonFile string
	var seed uint64
	var transcript bool
	c := &cobra.Command{
		Use:   "run [scenario...]",
		Short: "Run scenarios against a manager and judge it",
		Long: "Run the named scenarios, or all of them, against a manager and print a table of verdicts.\n" +
			"Exit status: 0 if every verdict passed, 1 if one failed, 2 if the command was used wrongly.",
		RunE: func(c *cobra.Command, names []string) (err error) {
			j := job{seed: seed, json: io.Discard, transcript: transcript}
			if j.engines, err = findEngines(engine); err != nil {
				return err
			}
			if j.manager, err = scenarios.FindManager(manager); err != nil {
				return err
			}
			if j.scenarios, err = chosen(names); err != nil {
				return err
			}
			if jsonFile != "" {
				// Only now, with nothing left to be wrong about, is a file of that name written over.
				f, err := os.Create(jsonFile)
				if err != nil {
					return fmt.Errorf("--json: %w", err)
				}
				defer f.Close()
				j.json = f
			}
			return j.run(c)
		},
	}
	f := c.Flags()
	f.StringVar(&engine, "engine", virtualName, "what the clusters are made of: virtual, embedded or both")
	f.StringVar(&manager, "manager", "reference", "the manager to run, see list --managers")
	f.Uint64Var(&seed, "seed", 1, "what everything random is drawn from")
	f.StringVar(&jsonFile, "json", "", "a `file` to write the results to, one JSON object a line")
	f.BoolVar(&transcript, "transcript", false, "print the timeline of each run")
	return c
}

func findEngines(name string) ([]engine, error) {
	if name == bothName {
		return engines, nil
	}
	for _, e := range engines {
		if e.name == name {
			return []engine{e}, nil
		}
	}
	return nil, fmt.Errorf("no engine is called %q; there are virtual, embedded and both", name)
}

// chosen are the scenarios of the given names, each once, or all.
func chosen(names []string) ([]harness.Scenario, error) {
	if len(names) == 0 {
		return scenarios.All(), nil
	}
	var list []harness.Scenario
	seen := map[string]bool{}
	for _, name := range names {
		s, err := scenarios.Find(name)
		if err != nil {
			return nil, err
		}
		if !seen[name] {
			list = append(list, s)
		}
		seen[name] = true
	}
	return list, nil
}

// run runs the job's scenarios one after the other, each on every engine, and prints what came of them, also when it is interrupted.
func (j job) run(c *cobra.Command) error {
	ctx := c.Context()
	total := len(j.scenarios) * len(j.engines)
	progress := newProgress(c.ErrOrStderr(), total)
	var results []*harness.Result
	var writing error
	for _, s := range j.scenarios {
		for _, e := range j.engines {
			if ctx.Err() != nil || writing != nil {
				break
			}
			progress.begin(s.Name + " on " + e.name)
			r := e.run(ctx, s, j.manager, j.seed)
			progress.end(r)
			results = append(results, r)
			writing = json.NewEncoder(j.json).Encode(r)
		}
	}
	if j.transcript {
		for _, r := range results {
			printTranscript(c.OutOrStdout(), r)
		}
	}
	printTable(c.OutOrStdout(), results)
	if writing != nil {
		return failure{fmt.Errorf("write results: %w", writing)}
	}
	if ctx.Err() != nil {
		return failure{fmt.Errorf("interrupted after %d of %d runs", len(results), total)}
	}
	for _, r := range results {
		if !r.Passed {
			return errFailed
		}
	}
	return nil
}

func printTranscript(out io.Writer, r *harness.Result) {
	fmt.Fprintf(out, "%s on %s with the %s manager, seed %d, digest %s\n%s\n",
		r.Scenario, r.Engine, r.Manager, r.Seed, r.Record.Digest(), r.Record.Transcript(record.TranscriptOptions{}))
}
