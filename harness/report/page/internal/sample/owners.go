package sample

import (
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/report"
)

// The instants of [TwoOwners], in milliseconds.
const (
	RivalStarts = 1500
	KeyGone     = 12_000 // the key of the first manager
	RivalOwns   = 12_500
	GivesUp     = 16_000
	RivalCloses = 50_000
)

// The keys of the two managers for the lock.
const (
	firstKey = "/locks/backup/a1"
	rivalKey = "/locks/backup/b2"
)

// TwoOwners is a run of two managers. The first is cut off from alpha between [Hangs] and [Heals], and goes on claiming the lock until [GivesUp], although its
// key is gone at [KeyGone] and the second manager owns the lock from [RivalOwns] on. The second manager closes at [RivalCloses].
func TwoOwners() report.Run {
	r := calm("claims-until-told")
	r.Scenario, r.Workload, r.Outcome = "owner-blackholed", "lock", record.Failed
	r.Verdicts = []record.Verdict{{Oracle: "one owner", Outcome: record.Failed, Evidence: "alpha: manager 1 claimed lock backup"}}
	rec := r.Record
	rec.Faults = []report.Fault{{
		Text: "BlackholeManager(alpha, 1)", Cluster: "alpha", Members: []string{"m1", "m2", "m3"}, From: Hangs, To: Heals, Manager: 1,
	}}
	rec.Watches = append(rec.Watches, report.Watch{Cluster: "alpha", Member: "m1", Key: "/jobs/", Opened: Start, Closed: Deadline})
	rec.Staleness = append(rec.Staleness, report.Staleness{
		Cluster: "alpha", From: Start, To: End, Points: [][2]float64{{Start, 0}, {Hangs, 0}, {Heals, Heals - Hangs}, {Heals, 0}, {End, 0}},
		Limits: []report.Limit{{From: Start, To: End, Any: true, Why: "reach lost"}},
	})
	rec.Healths = []report.Health{{At: Start, Cluster: "alpha", Claim: "up to date"}}
	rec.Claims = []report.Claim{{Cluster: "alpha", Thing: "lock backup", Key: firstKey, Lease: "a1", From: Start, To: GivesUp}}
	rec.Keys = []report.Keys{
		{At: Start, Cluster: "alpha", Own: 1, Missing: []string{"/own/1"}},
		{At: Hangs, Cluster: "alpha", Own: 1},
		{At: RivalCloses, Cluster: "alpha", Own: 1, Foreign: []string{"/neighbour"}},
		{At: Start, Cluster: otherName},
	}
	rec.Violations = []report.Violation{{At: KeyGone, Cluster: "alpha", Oracle: "one owner"}}
	rival := report.Managed{
		Watches: []report.Watch{{Cluster: "alpha", Member: "m2", Key: "/jobs/", Opened: RivalStarts, Closed: RivalCloses}},
		Healths: []report.Health{{At: RivalStarts, Cluster: "alpha", Claim: "out of date"}},
		Claims:  []report.Claim{{Cluster: "alpha", Thing: "lock backup", Key: rivalKey, Lease: "b2", From: RivalOwns, To: RivalCloses}},
		Keys:    []report.Keys{{At: RivalStarts, Cluster: "alpha", Own: 2}},
		Staleness: []report.Staleness{{
			Cluster: "alpha", From: RivalStarts, To: RivalCloses, Points: [][2]float64{{RivalStarts, 0}, {30_000, 0}, {35_000, 5000}, {35_000, 0}, {RivalCloses, 0}},
			Limits: []report.Limit{{From: RivalStarts, To: RivalCloses, Max: Calm, Why: "calm"}},
		}},
		Violations: []report.Violation{{At: 30_000 + Calm, Cluster: "alpha", Oracle: "freshness"}},
	}
	for at := float64(RivalStarts); at < RivalCloses; at += every {
		rival.Views = append(rival.Views, report.View{At: at, Cluster: "alpha"})
	}
	rec.Others = []report.Other{{Number: 2, Managed: rival}}
	rec.Holdings = []report.Holding{
		{Cluster: "alpha", Thing: "lock backup", Key: firstKey, Lease: "a1", From: Start + 50, To: KeyGone, Member: "m2"},
		{Cluster: "alpha", Thing: "lock backup", Key: rivalKey, Lease: "b2", From: RivalStarts, To: RivalCloses, Member: "m2"},
		{Cluster: "alpha", Thing: "lock backup", Key: "/locks/backup/c3", Lease: "c3", From: Heals, To: -1},
	}
	return r
}
