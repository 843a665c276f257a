package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

// absent is a view in which the manager says that it does not manage the cluster. What it showed before does not change.
func absent(cluster string, when float64, changes ...record.Change) event {
	return func(r *record.Record) {
		r.Views = append(r.Views, record.View{At: at(when), Cluster: cluster, Changes: changes, Absent: true})
	}
}

func gone(name string) record.Change { return record.Change{Subject: subject(name)} }

func TestNothingIsInvented(t *testing.T) {
	check(t, NothingLost{}, []judgement{
		{name: "no view", history: run(), want: record.NotAsked, evidence: []string{`^no view was shown$`}},
		{
			name:    "all is shown",
			history: run(steady("alpha", 1, 40, 0.1), seen("beta", 3, 0.1, "u", "7"), seen("beta", 4, 0.1, "u", "")),
			want:    record.Passed, evidence: []string{`^42 views as committed$`},
		},
		{
			name:     "never committed",
			history:  run(seen("alpha", 10, 0.1, "t", "1"), show("alpha", 12, "t", "5"), show("alpha", 13, "t", "1")),
			evidence: []string{`^alpha: checkpoint t = 5 was shown at 12\.000s and never committed; at 12\.000s alpha/m1 led`},
		},
		{
			name:     "committed in another cluster only",
			history:  run(seen("beta", 10, 0.1, "t", "1"), show("alpha", 12, "t", "1")),
			evidence: []string{`^alpha: checkpoint t = 1 was shown at 12\.000s and never committed`},
		},
		{
			name:     "of several the first is told, and how many there are",
			history:  run(show("alpha", 13, "t", "6"), show("beta", 12, "t", "5")),
			evidence: []string{`^beta: checkpoint t = 5 .*; this is the first of 2 violations$`},
		},
		{
			name:    "shown before its writer had the answer",
			history: run(commit("alpha", 10, "t", "1"), begun(9), show("alpha", 9.001, "t", "1")),
			want:    record.Passed,
		},
		{
			name:     "shown before its writer had begun",
			history:  run(commit("alpha", 10, "t", "1"), begun(9), show("alpha", 8.999, "t", "1")),
			evidence: []string{`^alpha: checkpoint t = 1 was shown at 8\.999s, before its writer had begun to write it; at 8\.999s`},
		},
		{
			name:    "an older value is not invented",
			history: run(seen("alpha", 10, 0.1, "b", "1"), seen("alpha", 11, 0.1, "b", "2"), show("alpha", 12, "b", "1"), show("alpha", 13, "b", "2")),
			want:    record.Passed,
		},
		{
			name:    "what a closing manager shows does not count",
			history: run(seen("alpha", 10, 0.1, "t", "1"), show("alpha", 50, "t", "7")),
			want:    record.Passed,
		},
		{
			name:     "a tenure that is over was judged",
			history:  run(show("alpha", 10, "t", "1"), tenures("alpha", 0, 20, 30, never)),
			evidence: []string{`never committed`},
		},
	})
}

func TestNothingVanishes(t *testing.T) {
	check(t, NothingLost{}, []judgement{
		{
			name: "a view emptied for 100 ms",
			history: run(seen("alpha", 10, 0.1, "t", "1"), seen("alpha", 11, 0.1, "b", "up"), func(r *record.Record) {
				r.Views = append(r.Views, record.View{At: at(20), Cluster: "alpha", Changes: []record.Change{gone("b"), gone("t")}})
			}, show("alpha", 20.1, "t", "1"), show("alpha", 20.1, "b", "up")),
			evidence: []string{`^alpha: backend b = up, checkpoint t = 1 vanished from the view at 20\.000s and had not been deleted; at 20\.000s [^;]*$`},
		},
		{
			name:    "deleted",
			history: run(seen("alpha", 10, 0.1, "b", "up"), seen("alpha", 20, 0.1, "b", "")),
			want:    record.Passed,
		},
		{
			name:    "deleted, the writer had no answer yet",
			history: run(seen("alpha", 10, 0.1, "b", "up"), commit("alpha", 20, "b", ""), begun(19), show("alpha", 19.1, "b", "")),
			want:    record.Passed,
		},
		{
			name:     "vanished before its deletion was begun",
			history:  run(seen("alpha", 10, 0.1, "b", "up"), commit("alpha", 20, "b", ""), begun(19), show("alpha", 18.9, "b", "")),
			evidence: []string{`backend b = up vanished from the view at 18\.900s`},
		},
		{
			name: "vanished once it was there again",
			history: run(seen("alpha", 10, 0.1, "b", "1"), seen("alpha", 11, 0.1, "b", ""), seen("alpha", 12, 0.1, "b", "2"),
				show("alpha", 20, "b", ""), show("alpha", 20.1, "b", "2")),
			evidence: []string{`backend b = 2 vanished from the view at 20\.000s`},
		},
		{
			name:    "not yet there in a new tenure",
			history: run(seen("alpha", 10, 0.1, "b", "1"), tenures("alpha", 0, 20, 30, never), show("alpha", 31, "b", "1")),
			want:    record.Passed,
		},
		{
			name:     "the manager says for a moment that it has no such cluster",
			history:  run(seen("alpha", 10, 0.1, "t", "1"), absent("alpha", 20, gone("t")), show("alpha", 20.1, "t", "1")),
			evidence: []string{`^alpha: at 20\.000s the manager said that it does not manage the cluster, which it was given; at 20\.000s [^;]*$`},
		},
		{
			name:     "the same with its facts as they were",
			history:  run(seen("alpha", 10, 0.1, "t", "1"), absent("alpha", 20)),
			evidence: []string{`the manager said that it does not manage the cluster`},
		},
		{
			name:    "it says so when it has let go of the cluster",
			history: run(seen("alpha", 10, 0.1, "t", "1"), absent("alpha", 20, gone("t")), tenures("alpha", 0, 20)),
			want:    record.Passed,
		},
	})
}

func TestAViewOfARevisionShowsAllUpToIt(t *testing.T) {
	// Revisions are the numbers of the commits.
	check(t, NothingLost{}, []judgement{
		{
			name:    "all up to it",
			history: run(commit("alpha", 10, "t", "1"), commit("alpha", 11, "u", "1"), showAt("alpha", 11.05, "u", "1", 0), showAt("alpha", 11.1, "t", "1", 2)),
			want:    record.Passed,
		},
		{
			name:    "a commit up to it is missing",
			history: run(commit("alpha", 10, "t", "1"), commit("alpha", 11, "u", "1"), showAt("alpha", 11.1, "u", "1", 2), showAt("alpha", 11.15, "t", "1", 2)),
			evidence: []string{
				`^alpha: at 11\.100s the view claimed revision 2 and showed no checkpoint t; the ledger has checkpoint t = 1 \(revision 1, committed at 10\.000s\); at 11\.100s`,
			},
		},
		{
			name:     "an update of the commit before is shown",
			history:  run(commit("alpha", 10, "b", "1"), commit("alpha", 11, "b", "2"), showAt("alpha", 11.1, "b", "1", 2), showAt("alpha", 11.15, "b", "2", 2)),
			evidence: []string{`claimed revision 2 and showed backend b = 1; the ledger has backend b = 2 \(revision 2`},
		},
		{
			name:    "a later update is shown",
			history: run(commit("alpha", 10, "b", "1"), commit("alpha", 11, "b", "2"), showAt("alpha", 11.1, "b", "2", 1)),
			want:    record.Passed,
		},
		{
			name:     "a deletion is not shown",
			history:  run(commit("alpha", 10, "b", "1"), show("alpha", 10.1, "b", "1"), commit("alpha", 11, "b", ""), seen("alpha", 11.5, 0, "t", "1"), showAt("alpha", 11.6, "t", "1", 3), show("alpha", 11.7, "b", "")),
			evidence: []string{`claimed revision 3 and showed backend b = 1; the ledger has backend b gone \(revision 2`},
		},
		{
			name: "what ran out with its lease has no revision and is not contradiction",
			history: run(commit("alpha", 10, "b", "1"), commit("alpha", 11, "b", ""), func(r *record.Record) { r.Commits[1].Revision = 0 },
				showAt("alpha", 11.05, "b", "1", 7), show("alpha", 11.1, "b", "")),
			want: record.Passed,
		},
		{
			name:     "a view that keeps no revision owes nothing by it",
			history:  run(commit("alpha", 10, "t", "1"), seen("alpha", 11, 0.1, "u", "1"), show("alpha", 11.15, "t", "1")),
			want:     record.Passed,
			evidence: []string{`2 views`},
		},
		{
			name: "a revision that is a clock",
			history: run(commit("alpha", 10, "t", "1"), commit("alpha", 11, "t", "2"), commit("alpha", 12, "t", "3"),
				showAt("alpha", 10.1, "t", "1", 10100), showAt("alpha", 11.1, "t", "2", 11100), showAt("alpha", 12.1, "t", "3", 12100)),
			evidence: []string{
				`^alpha: at 10\.100s the view claimed revision 10100 before the update with revision 3 was begun and showed checkpoint t = 1;`,
				`this is the first of 2 violations$`,
			},
		},
		{
			name:    "the instant of the commit is early enough",
			history: run(commit("alpha", 10, "t", "1"), showAt("alpha", 10, "t", "1", 1)),
			want:    record.Passed,
		},
		{
			name:    "of a subject whose first commit came later nothing is contradiction",
			history: run(commit("alpha", 10, "t", "1"), showAt("alpha", 10.1, "t", "1", 1), seen("alpha", 11, 0.1, "u", "1")),
			want:    record.Passed,
		},
		{
			name:    "of another cluster's commits nothing is contradiction",
			history: run(commit("beta", 10, "t", "1"), show("beta", 10.1, "t", "1"), seen("alpha", 11, 0.1, "u", "1"), showAt("alpha", 11.2, "u", "1", 2)),
			want:    record.Passed,
		},
	})
}

// together puts the latest commit and the one before into one transaction.
func together(r *record.Record) {
	n := len(r.Commits)
	r.Commits[n-2].At, r.Commits[n-2].Begun, r.Commits[n-2].Revision = r.Commits[n-1].At, r.Commits[n-1].Begun, r.Commits[n-1].Revision
}

func TestATransactionIsShownAsOne(t *testing.T) {
	// b1 and b2 are there from the start; at 10 s one transaction, of revision 4, updates b1 and deletes b2.
	swap := all(seen("alpha", 1, 0.1, "b1", "1"), seen("alpha", 2, 0.1, "b2", "1"), commit("alpha", 10, "b1", "2"), commit("alpha", 10, "b2", ""), together)
	both := func(when float64, revision int64) event {
		return func(r *record.Record) {
			r.Views = append(r.Views, record.View{
				At: at(when), Cluster: "alpha", Revision: revision, Changes: []record.Change{{Subject: subject("b1"), Value: "2"}, gone("b2")},
			})
		}
	}
	check(t, NothingLost{}, []judgement{
		{name: "both at once", history: run(swap, both(10.1, 4)), want: record.Passed},
		{name: "both at once, by a view that claims less", history: run(swap, both(10.1, 3)), want: record.Passed},
		{
			name:    "one first",
			history: run(swap, showAt("alpha", 10.05, "b1", "2", 3), showAt("alpha", 10.1, "b2", "", 4)),
			evidence: []string{
				`^alpha: at 10\.050s the view showed backend b1 = 2 \(revision 4, committed at 10\.000s\), but backend b2 = 1; one transaction wrote it and backend b2 gone \(revision 4, committed at 10\.000s\); at 10\.050s`,
			},
		},
		{
			name:     "the other first",
			history:  run(swap, showAt("alpha", 10.05, "b2", "", 3), showAt("alpha", 10.1, "b1", "2", 4)),
			evidence: []string{`the view showed backend b2 gone \(revision 4, committed at 10\.000s\), but backend b1 = 1;`},
		},
		{
			name:     "a value that was never committed shows no transaction",
			history:  run(commit("alpha", 10, "b1", "2"), commit("alpha", 10, "b2", "1"), together, showAt("alpha", 10.05, "b1", "x", 1)),
			evidence: []string{`^alpha: backend b1 = x was shown at 10\.050s and never committed; at [^;]*$`},
		},
		{name: "a view without a revision", history: run(swap, show("alpha", 10.05, "b1", "2"), show("alpha", 10.1, "b2", "")), want: record.Passed},
		{
			name: "subjects of two kinds, which may be watched each by itself",
			history: run(commit("alpha", 10, "b1", "2"), commit("alpha", 10, "t", "1"), together,
				showAt("alpha", 10.05, "b1", "2", 1), showAt("alpha", 10.1, "t", "1", 2)),
			want: record.Passed,
		},
		{
			name:    "a later update of the other subject",
			history: run(swap, commit("alpha", 10.05, "b2", "3"), showAt("alpha", 10.08, "b2", "3", 3), showAt("alpha", 10.1, "b1", "2", 5)),
			want:    record.Passed,
		},
		{
			name:    "two transactions are none",
			history: run(commit("alpha", 10, "b1", "2"), commit("alpha", 10, "b2", "1"), showAt("alpha", 10.05, "b1", "2", 1), showAt("alpha", 10.1, "b2", "1", 2)),
			want:    record.Passed,
		},
	})
}

func TestNothingIsLostInTheEnd(t *testing.T) {
	// The view goes back to an older value and stays there. It is not stale, since the newer value was shown once, and nothing was invented.
	back := all(seen("alpha", 10, 0.1, "b", "1"), seen("alpha", 20, 0.1, "b", "2"), show("alpha", 21, "b", "1"))
	check(t, NothingLost{}, []judgement{
		{
			name:    "the view ends with something else than the ledger",
			history: run(back, watch("alpha", "/k", 0, 20, never)),
			evidence: []string{
				`^alpha: the view ended with backend b = 1, the ledger with backend b = 2 \(revision 2, committed at 20\.000s\); at 50\.000s alpha/m1 led, the watch was on alpha/m2$`,
			},
		},
		{name: "the manager was never closed", history: run(back, neverClosed), want: record.Passed},
		{name: "the cluster was taken from the manager before", history: run(back, tenures("alpha", 0, 45)), want: record.Passed},
		{name: "a tenure that came after shows it", history: run(back, tenures("alpha", 0, 22, 30, never), show("alpha", 31, "b", "2")), want: record.Passed},
		{name: "it may be recovering", history: run(back, hang("alpha", 40, 45)), want: record.Passed},
		{name: "no quorum at the end", history: run(back, lose("alpha", record.LostQuorum, 30, never)), want: record.Passed},
		{name: "another cluster's fault is no excuse", history: run(back, hang("beta", 40, 45)), evidence: []string{`^alpha: the view ended`}},
		{name: "a view that is too stale is for freshness", history: run(back, commit("alpha", 49, "t", "1")), want: record.Passed},
		{
			name:    "an update just as old as calm may be under way",
			history: run(seen("alpha", 10, 0.1, "t", "1"), commit("alpha", 49.8, "t", "2")),
			want:    record.Passed,
		},
		{
			name:     "what is lost beside it is lost all the same",
			history:  run(back, commit("alpha", 49.8, "t", "2")),
			evidence: []string{`^alpha: the view ended with backend b = 1`},
		},
		{
			name:     "the only update of a subject",
			history:  run(seen("alpha", 10, 0.1, "b", "1"), show("alpha", 20, "b", "x")),
			evidence: []string{`^alpha: backend b = x was shown at 20\.000s and never committed; .*; this is the first of 2 violations$`},
		},
		{name: "a cluster that the manager is given when it is closed", history: run(back, tenures("alpha", 0, 22, 50, never)), want: record.Passed},
		{
			name:    "with a lasting allowance an older one may",
			history: run(slowDisk("alpha", 20, never), seen("alpha", 10, 0.1, "t", "1"), commit("alpha", 49, "t", "2")),
			want:    record.Passed,
		},
		{
			name:    "a young update may be shown, even before its writer had the answer",
			history: run(seen("alpha", 10, 0.1, "t", "1"), commit("alpha", 50.3, "t", "2"), begun(49.8), show("alpha", 49.9, "t", "2")),
			want:    record.Passed,
		},
	})
}
