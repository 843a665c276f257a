// Package sample makes results of runs by hand, for the tests of the page.
package sample

import (
	"fmt"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/report"
)

// The instants of the sample, in milliseconds.
const (
	Start     = 1000
	Hangs     = 2000
	Elected   = 3500
	Stale     = 3500 // from here on the view of the plain manager is stale
	Deadline  = 15_350
	Heals     = 20_000
	Moved     = 5000 // when the good manager attaches to another member
	End       = 60_000
	Calm      = 150
	every     = 500
	otherName = "beta"
)

// HungLeader is a run of a hung leader disk in which the manager's watch stays on the hung leader of alpha, alpha/m1, until its disk is back; alpha/m2 leads
// from [Elected] on. Nothing happens to beta.
func HungLeader() report.Run {
	r := calm("naive")
	r.Outcome = record.Failed
	r.Recovery = -1
	r.Verdicts = []record.Verdict{
		{Oracle: "freshness", Outcome: record.Failed, Evidence: "alpha: checkpoint <backup> = 3 was not shown & more"},
		{Oracle: "no way back", Outcome: record.Passed, Evidence: "120 values rose"},
		{Oracle: "one owner", Outcome: record.NotAsked, Evidence: "the manager owns nothing"},
	}
	rec := r.Record
	rec.Watches = append(rec.Watches, report.Watch{Cluster: "alpha", Member: "m1", Key: "/services/", Opened: Start, Closed: -1})
	for at := float64(Start); at < End; at += every {
		if at <= Hangs || at >= Heals {
			rec.Views = append(rec.Views, report.View{At: at, Cluster: "alpha"})
		}
	}
	rec.Staleness = append(rec.Staleness, report.Staleness{
		Cluster: "alpha", From: Start, To: End,
		Points: [][2]float64{{Start, 0}, {Stale, 0}, {Heals, Heals - Stale}, {Heals, 0}, {End, 0}}, Limits: limits(),
	})
	rec.Healths = append(rec.Healths, report.Health{At: Start, Cluster: "alpha", Claim: "up to date"})
	rec.Violations = []report.Violation{{At: Deadline, Cluster: "alpha", Oracle: "freshness"}}
	rec.Transcript = append(rec.Transcript, report.Entry{At: Heals, Cluster: "alpha", Member: "m1", Text: "HangDisk(alpha/m1) healed after 18.000s"})
	return r
}

// Recovers is the same run with a manager whose watch moves to another member in time.
func Recovers() report.Run {
	r := calm("reference")
	r.Outcome = record.Passed
	r.Recovery, r.Bound = Moved-Hangs, Deadline-Hangs
	r.Verdicts = []record.Verdict{{Oracle: "freshness", Outcome: record.Passed, Evidence: "3s of 13.35s"}}
	rec := r.Record
	rec.Watches = append(rec.Watches,
		report.Watch{Cluster: "alpha", Member: "m1", Key: "/services/", Opened: Start, Closed: Moved},
		report.Watch{Cluster: "alpha", Member: "m2", Key: "/services/", Opened: Moved, Closed: -1, Why: "m1 fell behind"})
	rec.Staleness = append(rec.Staleness, report.Staleness{
		Cluster: "alpha", From: Start, To: End,
		Points: [][2]float64{{Start, 0}, {Stale, 0}, {Moved, Moved - Stale}, {Moved, 0}, {End, 0}}, Limits: limits(),
	})
	rec.Transcript = append(rec.Transcript, report.Entry{At: Moved, Cluster: "alpha", Member: "m2", Text: "watch opened on /services/"})
	return r
}

func limits() []report.Limit {
	recovery := "recovery from HangDisk(alpha/m1)"
	return []report.Limit{
		{From: Start, To: Hangs, Max: Calm, Why: "calm"},
		{From: Hangs, To: Deadline, Any: true, Why: recovery},
		{From: Deadline, To: Heals, Max: Calm, Why: "calm"},
		{From: Heals, To: Heals + Deadline, Any: true, Why: recovery},
		{From: Heals + Deadline, To: End, Max: Calm, Why: "calm"},
	}
}

// calm is what all samples share.
func calm(manager string) report.Run {
	rec := &report.Record{
		End:      End,
		Clusters: []report.Cluster{{Name: otherName, Members: []string{"m1", "m2", "m3"}}, {Name: "alpha", Members: []string{"m1", "m2", "m3"}}},
		Leaders: []report.Leader{
			{At: Start, Cluster: "alpha", Member: "m1", Term: 2},
			{At: Elected, Cluster: "alpha", Member: "m2", Term: 3},
			{At: Start, Cluster: otherName, Member: "m3", Term: 2},
		},
		Faults: []report.Fault{{Text: "HangDisk(alpha/m1)", Cluster: "alpha", Members: []string{"m1"}, From: Hangs, To: Heals}},
	}
	for _, cluster := range []string{"alpha", otherName} {
		for _, member := range []string{"m1", "m2", "m3"} {
			leads := cluster == "alpha" && member == "m1" || cluster == otherName && member == "m3"
			rec.Beliefs = append(rec.Beliefs, report.Belief{At: Start, Cluster: cluster, Member: member, Leads: leads, Term: 2})
		}
		for at := float64(Start); at < End; at += every {
			if cluster == otherName || at <= Hangs || at >= Elected {
				rec.Commits = append(rec.Commits, report.Commit{At: at, Cluster: cluster})
			}
			if cluster == otherName {
				rec.Views = append(rec.Views, report.View{At: at + 20, Cluster: cluster})
			}
		}
	}
	rec.Beliefs = append(rec.Beliefs, report.Belief{At: Elected, Cluster: "alpha", Member: "m2", Leads: true, Term: 3},
		report.Belief{At: Heals, Cluster: "alpha", Member: "m1", Term: 3})
	rec.Watches = []report.Watch{{Cluster: otherName, Member: "m2", Key: "/services/", Opened: Start, Closed: -1}}
	rec.Staleness = []report.Staleness{{
		Cluster: otherName, From: Start, To: End, Points: [][2]float64{{Start, 0}, {End, 0}}, Limits: []report.Limit{{From: Start, To: End, Max: Calm, Why: "calm"}},
	}}
	rec.Transcript = []report.Entry{
		{At: Start, Text: "manager started"},
		{At: Hangs, Cluster: "alpha", Member: "m1", Text: "HangDisk(alpha/m1) begins"},
		{At: Elected, Cluster: "alpha", Member: "m2", Text: "leads (term 3)"},
	}
	return report.Run{
		Scenario: "hung-leader-disk", Engine: "virtual", Manager: manager, Workload: "services", Seed: 1, Bound: Deadline - Hangs,
		Schedule: "2s for 18s HangDisk(alpha/leader)\n", Again: "stormwatch run hung-leader-disk --manager " + manager, Record: rec,
	}
}

// Many are so many runs, each of another seed: every fifth fails.
func Many(n int) []report.Run {
	runs := make([]report.Run, n)
	for i := range runs {
		runs[i] = Recovers()
		if i%5 == 2 {
			runs[i] = HungLeader()
		}
		runs[i].Scenario = fmt.Sprintf("scenario-%d", i%10)
		runs[i].Seed = uint64(i + 1)
	}
	return runs
}

// Long are so many runs with as much in them as the runs of the catalogue have on average: two minutes and a half of updates, and a long transcript.
func Long(n int) []report.Run {
	runs := Many(n)
	for i := range runs {
		rec := runs[i].Record
		for at := float64(End); at < 155_000; at += every {
			for _, cluster := range []string{"alpha", otherName} {
				rec.Commits = append(rec.Commits, report.Commit{At: at, Cluster: cluster}, report.Commit{At: at + 133.333, Cluster: cluster})
				rec.Views = append(rec.Views, report.View{At: at + 16.667, Cluster: cluster}, report.View{At: at + 150, Cluster: cluster})
			}
			rec.Transcript = append(rec.Transcript, report.Entry{
				At: at, Cluster: "alpha", Text: `error: watch is stale at revision 8, another member showed 10 (key "/services/", after 300ms)`,
			})
		}
		rec.End = 155_000
	}
	return runs
}
