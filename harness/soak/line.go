package soak

import (
	"math"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// Version is the version of the form of a soak's files: of a line, of the parameters and of the summary. It rises with each change that a reader must
// know of. A file of another version is refused.
const Version = 1

// Line is one run, as one line of the results file. Times are in milliseconds.
type Line struct {
	Version int `json:"version"`
	// Seed is the seed of the run and of its schedule. Island is the island that it belongs to.
	Seed     uint64 `json:"seed"`
	Island   int    `json:"island"`
	Schedule string `json:"schedule"`
	Manager  string `json:"manager"`
	Workload string `json:"workload"`
	Engine   string `json:"engine"`
	// Outcome is the outcome of the run. Cause says why the run was not judged; empty if it was.
	Outcome record.Outcome `json:"outcome"`
	Cause   string         `json:"cause,omitempty"`
	// Failed are the verdicts that failed.
	Failed []Failure `json:"failed,omitempty"`
	// Digest is that of the record: equal digests mean equal timelines. It is empty if the run was not judged.
	Digest string `json:"digest"`
	// Virtual is how long the run took by the engine's clock, Wall by the wall clock. Elapsed is how long the soak had been running when the line was
	// written, without the time in which it was stopped.
	Virtual float64 `json:"virtual_ms"`
	Wall    float64 `json:"wall_ms"`
	Elapsed float64 `json:"elapsed_ms"`
	// Fresh are the situations of the run that no earlier run of the island had reached. Seen are the others that it reached, as numbers: the fresh
	// situations of an island are numbered from 0 on, in the order of its lines.
	Fresh []string `json:"fresh,omitempty"`
	Seen  []int    `json:"seen,omitempty"`
	// Recoveries are the recoveries that could be measured, see [record.Record.Recoveries].
	Recoveries []Recovery `json:"recoveries,omitempty"`
	// Margins say how near the run came to each bound.
	Margins []oracle.Margin `json:"margins,omitempty"`
	// Explained are the causes of the failures, for each oracle that failed for the first time in the island.
	Explained []Explained `json:"explained,omitempty"`
	// Again is the command that makes the run again.
	Again string `json:"again"`
}

// Failure is a verdict that failed.
type Failure struct {
	Oracle   string `json:"oracle"`
	Evidence string `json:"evidence"`
}

// Recovery is a recovery from the begin of a fault or, if Healed is set, from its end. Took is negative if the view was not fresh again within the
// allowance.
type Recovery struct {
	Fault     string  `json:"fault"`
	Healed    bool    `json:"healed,omitempty"`
	Took      float64 `json:"ms"`
	Allowance float64 `json:"allowance_ms"`
}

// Explained is what was found about a failure.
type Explained struct {
	Oracle string `json:"oracle"`
	// Kind is the kind of the cause, by which failures are grouped. Text is the cause in a sentence.
	Kind string `json:"kind,omitempty"`
	Text string `json:"text,omitempty"`
	// File is the file of the shrunk schedule, in the directory of the soak. Empty: there is none.
	File string `json:"file,omitempty"`
	// Problem says why no cause was found; empty if one was.
	Problem string `json:"problem,omitempty"`
}

// lineOf makes the line of a run. What follows from the record is left out if the run was not judged.
func lineOf(island int, seed uint64, s schedule.Schedule, r *harness.Result) Line {
	l := Line{
		Version: Version, Seed: seed, Island: island, Schedule: s.String(), Manager: r.Manager, Workload: r.Workload, Engine: r.Engine,
		Outcome: r.Outcome, Cause: r.Cause, Virtual: ms(r.Virtual), Wall: ms(r.Wall), Again: r.Again,
	}
	for _, v := range r.Failed() {
		l.Failed = append(l.Failed, Failure{v.Oracle, v.Evidence})
	}
	if r.Record == nil || r.Outcome == record.NotJudged {
		return l
	}
	l.Digest = r.Record.Digest()
	for _, m := range oracle.Margins(r.Record) {
		if math.IsNaN(m.Used) || math.IsInf(m.Used, 0) {
			continue // the bound is zero, and JSON has no such number
		}
		l.Margins = append(l.Margins, oracle.Margin{Bound: m.Bound, Used: math.Round(m.Used*1e4) / 1e4}) // a hundredth of a percent is enough
	}
	for _, one := range r.Record.Recoveries() {
		took := ms(one.Took)
		if one.Took < 0 {
			took = -1
		}
		l.Recoveries = append(l.Recoveries, Recovery{one.Fault, one.Healed, took, ms(one.Allowed)})
	}
	return l
}

// unexplained are the oracles that failed in the run and whose failure is explained neither in the line nor in an earlier one of the island.
func (l Line) unexplained(earlier map[string]bool) []string {
	done := map[string]bool{}
	for _, e := range l.Explained {
		done[e.Oracle] = true
	}
	var list []string
	for _, f := range l.Failed {
		if !done[f.Oracle] && !earlier[f.Oracle] {
			done[f.Oracle] = true
			list = append(list, f.Oracle)
		}
	}
	return list
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
