package page

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/report"
)

// row is a run's row in the table.
type row struct {
	ID, Scenario, Manager, Engine, Workload string
	Seed                                    uint64
	Verdict, Class, Mark, Failed            string
	Order                                   int // the place of the verdict when the table is sorted by it
	Recovery, Bound                         string
	RecoveryKey, BoundKey                   float64
}

// outcomes are the outcomes of runs in the order in which a reader wants them, with the sign and the class of each.
var outcomes = []kind{
	{record.Failed, "✗", "failed"},
	{record.NotJudged, "?", "not-judged"},
	{record.Passed, "✓", "passed"},
	{record.NotAsked, "–", "not-asked"},
}

type kind struct {
	outcome     record.Outcome
	mark, class string
}

func place(o record.Outcome) int {
	return slices.IndexFunc(outcomes, func(k kind) bool { return k.outcome == o })
}

func rows(runs []report.Run) []row {
	list := make([]row, len(runs))
	for i, r := range runs {
		order := place(r.Outcome)
		list[i] = row{
			ID: id(i), Scenario: r.Scenario, Manager: r.Manager, Engine: r.Engine, Workload: r.Workload, Seed: r.Seed,
			Verdict: string(r.Outcome), Order: order, Failed: strings.Join(failedOracles(r), ", "),
		}
		if order >= 0 {
			list[i].Mark, list[i].Class = outcomes[order].mark, outcomes[order].class
		}
		list[i].recovery(r)
	}
	return list
}

// recovery fills in the longest recovery and its bound. Runs without one are sorted before all others, those that never recovered after them.
func (w *row) recovery(r report.Run) {
	if w.RecoveryKey, w.BoundKey = -1, -1; r.Bound <= 0 {
		return
	}
	w.Bound, w.BoundKey = seconds(r.Bound), r.Bound
	if w.Recovery, w.RecoveryKey = seconds(r.Recovery), r.Recovery; r.Recovery < 0 {
		w.Recovery, w.RecoveryKey = "never", 1e15
	}
}

func seconds(ms float64) string { return fmt.Sprintf("%.3fs", ms/1000) }

// failedOracles are the names of the oracles that failed, each once.
func failedOracles(r report.Run) (list []string) {
	for _, v := range r.Verdicts {
		if v.Outcome == record.Failed && !slices.Contains(list, v.Oracle) {
			list = append(list, v.Oracle)
		}
	}
	return list
}

// id names a run on its page.
func id(i int) string { return fmt.Sprintf("run-%d", i+1) }
