package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness/schedule"
)

// runFlags are the flags that run and try have in common.
type runFlags struct {
	engine, manager, workload string
	seed                      uint64
	seeds                     seedRange
	within                    within
	brief                     bool
	json                      string
	transcript                string
	keep                      keepFlags
}

// The values of --transcript.
const (
	transcriptPlain = "plain"
	transcriptFull  = "full"
)

// add defines the flags on a command.
func (a *runFlags) add(c *cobra.Command, catalogue Catalogue) {
	a.addRun(c, catalogue)
	f := c.Flags()
	f.Var(&a.seeds, "seeds", "search a `range` of seeds, such as 1-100, for the first that does not pass, and stop there")
	c.MarkFlagsMutuallyExclusive("seed", "seeds")
	f.StringVar(&a.json, "json", "", "a `file` to write the results to, one JSON object a line; - is the standard output, and the table then goes to the standard error")
	a.keep.add(f)
	f.StringVar(&a.transcript, "transcript", "", "print the timeline of each run; --transcript="+transcriptFull+" with each update and instants to the nanosecond")
	f.Lookup("transcript").NoOptDefVal = transcriptPlain
}

// addRun defines the flags that say which run is to be made.
func (a *runFlags) addRun(c *cobra.Command, catalogue Catalogue) {
	f := c.Flags()
	f.StringVar(&a.engine, "engine", virtualName, "what the clusters are made of: "+virtualName+", "+embeddedName+" or "+allEngines)
	addManager(c, &a.manager, catalogue)
	addWorkload(c, &a.workload)
	f.Uint64Var(&a.seed, "seed", 1, "the seed of everything random")
	a.within.add(f)
	f.BoolVar(&a.brief, "brief", false, "end a run in virtual time soon after the views have recovered, as matrix does")
}

// keptFor takes from the lines of a schedule what the flags of the command do not say.
func (a *runFlags) keptFor(c *cobra.Command, r schedule.Run) {
	given := c.Flags().Changed
	if r.Manager != "" && !given("manager") {
		a.manager = r.Manager
	}
	if r.Workload != "" && !given("workload") {
		a.workload = r.Workload
	}
	if r.Seed > 0 && !given("seed") && !given("seeds") {
		a.seed = r.Seed
	}
}

func addManager(c *cobra.Command, name *string, catalogue Catalogue) {
	usual := ""
	if len(catalogue.Candidates) > 0 {
		usual = catalogue.Candidates[0].Name
	}
	c.Flags().StringVar(name, "manager", usual, "the manager to run, see list --managers")
}

func addWorkload(c *cobra.Command, name *string) {
	c.Flags().StringVar(name, "workload", "", "the workload to run with, see list --workloads (default: the manager's usual one)")
}

// job checks the flags and makes a job.
func (a *runFlags) job(c Catalogue, tasks []task) (*job, error) {
	j := &job{worker: worker{catalogue: c}, tasks: tasks, seeds: a.seeds, within: a.within, brief: a.brief, transcript: a.transcript}
	if !a.seeds.given {
		j.seeds = seedRange{first: a.seed, last: a.seed}
	}
	var err error
	if j.engines, err = findEngines(a.engine); err != nil {
		return nil, err
	}
	m, err := c.candidate(a.manager)
	if err != nil {
		return nil, err
	}
	if err := checkWorkload(m, a.workload); err != nil {
		return nil, err
	}
	if j.transcript != "" && j.transcript != transcriptPlain && j.transcript != transcriptFull {
		return nil, fmt.Errorf("--transcript=%s: want nothing, or %s", j.transcript, transcriptFull)
	}
	j.manager, j.workload = m.Name, a.workload
	if j.workload == "" {
		j.workload = m.Workloads[0].Name
	}
	return j, nil
}

// run runs a job and writes the results to where --json says.
func (a *runFlags) run(c *cobra.Command, j *job) (err error) {
	files := outputs{reads: j.reads}
	defer files.end(&err)
	j.progress = c.ErrOrStderr()
	if j.json, j.out, err = files.results(c, a.json); err != nil {
		return err
	}
	if j.keep, err = a.keep.open(&files); err != nil {
		return err
	}
	defer j.keep.close(&err)
	return j.run(c.Context())
}
