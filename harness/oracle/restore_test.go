package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

// restored restores alpha from a backup with a revision: every subject that was written so far has the value of the backup again.
func restored(when float64, revision int64, backup map[string]string) event {
	return func(r *record.Record) {
		rec := record.Restore{Cluster: "alpha", At: at(when), Revision: revision}
		r.Restores = append(r.Restores, rec)
		names := map[string]bool{}
		for _, c := range r.Commits {
			names[c.Subject.Name] = true
		}
		for name := range names {
			r.Commits = append(r.Commits, record.Commit{
				Begun: at(when), At: at(when), Cluster: "alpha", Subject: subject(name), Value: backup[name], Revision: revision,
				History: len(r.Restores), Restored: true,
			})
		}
	}
}

// again commits an update after a restore, at a revision that the history before may have given too.
func again(when float64, name, value string, revision int64) event {
	return func(r *record.Record) {
		r.Commits = append(r.Commits, record.Commit{
			Begun: at(when), At: at(when), Cluster: "alpha", Subject: subject(name), Value: value, Revision: revision, History: len(r.Restores),
		})
	}
}

// undone is what was committed before the restore at 20 s: t and b at the revisions 1 and 2, which the backup has, and again at 3 and 4.
func undone() event {
	return all(
		commit("alpha", 10, "t", "9"), commit("alpha", 11, "b", "x"), showAt("alpha", 10, "t", "9", 1), showAt("alpha", 11, "b", "x", 2),
		commit("alpha", 12, "t", "10"), commit("alpha", 13, "b", "y"), showAt("alpha", 12, "t", "10", 3), showAt("alpha", 13, "b", "y", 4),
		restored(20, 2, map[string]string{"t": "9", "b": "x"}),
	)
}

// back is the view that shows what the backup has.
func back(when float64) event {
	return func(r *record.Record) {
		r.Views = append(r.Views, record.View{At: at(when), Cluster: "alpha", Revision: 2, Changes: []record.Change{
			{Subject: subject("b"), Value: "x"}, {Subject: subject("t"), Value: "9"},
		}})
	}
}

func TestNoWayBackAcrossARestore(t *testing.T) {
	follows := all(undone(), back(24), again(25, "t", "11", 3), showAt("alpha", 25, "t", "11", 3))
	check(t, NoWayBack{}, []judgement{
		{name: "the view goes back once", history: run(follows), want: record.Passed},
		{name: "and not twice", history: run(follows, showAt("alpha", 26, "b", "x", 2)), evidence: []string{
			`^alpha: the revision went back from 3 to 2 at 26\.000s`,
		}},
		{name: "and not before the restore", history: run(undone(), showAt("alpha", 19, "t", "9", 2)), evidence: []string{
			`^alpha: the revision went back from 4 to 2 at 19\.000s`, `this is the first of 2 violations`,
		}},
		{name: "nor again to what was undone", history: run(follows, showAt("alpha", 26, "b", "y", 4)), evidence: []string{
			`^alpha: backend b went back from x to y, an older value, at 26\.000s`,
		}},
		{name: "after two restores twice", want: record.Passed, history: run(
			follows, restored(30, 2, map[string]string{"t": "9", "b": "x"}), showAt("alpha", 31, "t", "9", 2),
		)},
	})
}

func TestNothingLostAcrossARestore(t *testing.T) {
	check(t, NothingLost{}, []judgement{
		{name: "what the backup has is shown again", want: record.Passed, history: run(
			undone(), back(24), again(25, "t", "11", 3), showAt("alpha", 25, "t", "11", 3),
		)},
		{name: "a view that still is of the history before", want: record.Passed, history: run(
			undone(), showAt("alpha", 21, "t", "10", 4), back(24),
		)},
		{name: "a view of the new history shows nothing that was undone", history: run(undone(), showAt("alpha", 24, "t", "9", 2)), evidence: []string{
			`^alpha: at 24\.000s the view claimed revision 2 and showed backend b = y; the ledger has backend b = x \(revision 2, committed at 20\.000s\)`,
		}},
		{name: "and what was committed at a revision that there were two of", history: run(
			undone(), back(24), again(25, "t", "11", 3), showAt("alpha", 26, "b", "x", 3),
		), evidence: []string{`at 26\.000s the view claimed revision 3 and showed checkpoint t = 9; the ledger has checkpoint t = 11`}},
		{name: "a key that the backup does not have vanishes rightly", want: record.Passed, history: run(
			seen("alpha", 10, 0.1, "b", "x"), restored(20, 1, nil), show("alpha", 24, "b", ""),
		)},
	})
}

func TestFreshnessAcrossARestore(t *testing.T) {
	check(t, Freshness{}, []judgement{
		{name: "what was undone need not be shown", want: record.Passed, history: run(
			steady("alpha", 1, 9, 0.1), commit("alpha", 20, "b", "x"), restored(20.1, 9, map[string]string{"t": "9"}),
		)},
		{name: "and what the backup has must be", history: run(steady("alpha", 1, 15, 0.1), restored(20, 9, map[string]string{"t": "9"})), evidence: []string{
			`^alpha: checkpoint t = 9 \(revision 9, committed at 20\.000s\) was not shown for longer than the 200ms allowed`,
		}},
	})
}

func TestAWatchThatIsAheadOfARestoredClusterIsSilent(t *testing.T) {
	ahead := func(opened float64) event {
		return func(r *record.Record) {
			r.Watches = append(r.Watches, record.Watch{
				ID: 1, Cluster: "alpha", Member: "m2", Key: "/k", Opened: at(opened), Closed: -1, Last: at(opened), Ahead: true,
			})
			r.Errors = append(r.Errors, record.ViewError{At: at(opened + 10.1), Cluster: "alpha", Idle: timing().IdleTimeout})
		}
	}
	check(t, IdleTimeout{}, []judgement{
		{name: "it is rightly reported", want: record.Passed, history: run(restored(20, 2, nil), ahead(21))},
		{name: "before the restore it is a false alarm", history: run(ahead(5), restored(20, 2, nil)), evidence: []string{`a false alarm`}},
	})
}
