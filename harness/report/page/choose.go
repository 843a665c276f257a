package page

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/report"
)

// choose returns the runs that a page shows if it shows at most so many: those that failed or were not judged, and an even sample of the others. If there
// are too many of the first, it is an even sample of those. Of the others those without a record, of which there is no picture, are left out first.
func choose(runs []report.Run, most int) []report.Run {
	if len(runs) <= most {
		return runs
	}
	var telling, others []int
	for i, r := range runs {
		if r.Record == nil && r.Outcome != record.NotJudged {
			continue // it was not kept what happened in it
		}
		if r.Outcome == record.Failed || r.Outcome == record.NotJudged {
			telling = append(telling, i)
		} else {
			others = append(others, i)
		}
	}
	if pictured := slices.DeleteFunc(slices.Clone(others), func(i int) bool { return runs[i].Record == nil }); len(pictured) > 0 {
		others = pictured
	}
	telling = sample(telling, most)
	chosen := slices.Concat(telling, sample(others, most-len(telling)))
	slices.Sort(chosen)
	list := make([]report.Run, len(chosen))
	for i, at := range chosen {
		list[i] = runs[at]
	}
	return list
}

// ordered sorts runs by their outcomes, those first for which a reader looks.
func ordered(runs []report.Run) []report.Run {
	runs = slices.Clone(runs)
	slices.SortStableFunc(runs, func(a, b report.Run) int { return place(a.Outcome) - place(b.Outcome) })
	return runs
}

// sample returns so many of a list, evenly spaced.
func sample(list []int, most int) []int {
	if len(list) <= most {
		return list
	}
	chosen := make([]int, most)
	for i := range chosen {
		chosen[i] = list[i*len(list)/most]
	}
	return chosen
}

// summary counts the runs by their outcomes.
func summary(runs []report.Run) string {
	var parts []string
	for _, o := range outcomes {
		if n := count(runs, o.outcome); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o.outcome))
		}
	}
	if len(parts) == 0 {
		return "No runs."
	}
	return fmt.Sprintf("%s: %s.", counted(len(runs), "run"), strings.Join(parts, ", "))
}

// left says which runs the page leaves out; it is empty if it leaves out none.
func left(runs, shown []report.Run) string {
	if len(runs) == len(shown) {
		return ""
	}
	telling := func(list []report.Run) int { return count(list, record.Failed) + count(list, record.NotJudged) }
	all, here := telling(runs), telling(shown)
	others := fmt.Sprintf("an even sample of %d of the %d others", len(shown)-here, len(runs)-all)
	if here == all {
		return fmt.Sprintf("This page shows %d of the %d runs: every run that failed or was not judged (%d), and %s.", len(shown), len(runs), all, others)
	}
	return fmt.Sprintf("This page shows %d of the %d runs: an even sample of the %d that failed or were not judged, and none of the %d others.",
		len(shown), len(runs), all, len(runs)-all)
}

func count(runs []report.Run, outcome record.Outcome) (n int) {
	for _, r := range runs {
		if r.Outcome == outcome {
			n++
		}
	}
	return n
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// choice is a filter of the table: the values from which the reader chooses.
type choice struct {
	Name, Label string
	Values      []string
}

func choices(runs []report.Run) []choice {
	list := []choice{{Name: "scenario", Label: "Scenario"}, {Name: "manager", Label: "Manager"}, {Name: "engine", Label: "Engine"}, {Name: "verdict", Label: "Verdict"}}
	for _, r := range runs {
		for i, value := range []string{r.Scenario, r.Manager, r.Engine, string(r.Outcome)} {
			list[i].Values = append(list[i].Values, value)
		}
	}
	for i := range list {
		slices.Sort(list[i].Values)
		list[i].Values = slices.Compact(list[i].Values)
	}
	return list
}
