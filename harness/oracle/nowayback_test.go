package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

func TestNoWayBack(t *testing.T) {
	check(t, NoWayBack{}, []judgement{
		{name: "no view", history: run(), want: record.NotAsked, evidence: []string{`^no view was shown$`}},
		{
			name:    "forward and standing still",
			history: run(showAt("alpha", 1, "t", "9", 5), showAt("alpha", 2, "u", "1", 5), showAt("alpha", 3, "t", "10", 6)),
			want:    record.Passed, evidence: []string{`^3 views in order$`},
		},
		{
			name:    "each cluster has revisions of its own",
			history: run(showAt("alpha", 1, "t", "9", 500), showAt("beta", 2, "t", "1", 5)),
			want:    record.Passed,
		},
		{
			name: "a revision goes back",
			history: run(showAt("alpha", 10, "t", "1", 120), showAt("alpha", 12, "u", "1", 90), showAt("alpha", 13, "v", "1", 20),
				watch("alpha", "/k", 0, 12, never)),
			evidence: []string{
				`^alpha: the revision went back from 120 to 90 at 12\.000s; the ledger had no update yet; at 12\.000s alpha/m1 led, the watch was on alpha/m2; this is the first of 2 violations$`,
			},
		},
		{
			name:     "and comes only partly forward again",
			history:  run(showAt("alpha", 10, "t", "1", 120), showAt("alpha", 12, "u", "1", 90), showAt("alpha", 13, "v", "1", 110)),
			evidence: []string{`this is the first of 2 violations`},
		},
		{
			name:    "a view without a revision is not one that went back",
			history: run(showAt("alpha", 10, "t", "1", 120), showAt("alpha", 12, "u", "1", 0), showAt("alpha", 13, "v", "1", 121)),
			want:    record.Passed,
		},
		{
			name:     "a checkpoint goes back, as a number",
			history:  run(show("alpha", 10, "t", "100"), show("alpha", 11, "t", "99")),
			evidence: []string{`^alpha: checkpoint t went back from 100 to 99 at 11\.000s; the ledger had no update yet; at 11\.000s`},
		},
		{
			name:     "after it was not shown for a while",
			history:  run(show("alpha", 10, "t", "9"), show("alpha", 11, "t", ""), show("alpha", 12, "t", "8")),
			evidence: []string{`^alpha: checkpoint t went back from 9 to 8 at 12\.000s`},
		},
		{
			name:    "a task that was removed may begin anew",
			history: run(seen("alpha", 10, 0.1, "t", "9"), seen("alpha", 11, 0.1, "t", ""), seen("alpha", 12, 0.1, "t", "8")),
			want:    record.Passed,
		},
		{
			name: "and not before it was removed",
			history: run(seen("alpha", 10, 0.1, "t", "9"), show("alpha", 10.5, "t", ""), show("alpha", 10.6, "t", "8"),
				commit("alpha", 11, "t", ""), commit("alpha", 12, "t", "8")),
			evidence: []string{`^alpha: checkpoint t went back from 9 to 8 at 10\.600s`},
		},
		{
			name:     "a checkpoint that is no number",
			history:  run(show("beta", 10, "t", "9"), show("beta", 11, "t", "nine")),
			evidence: []string{`^beta: checkpoint t went back from 9 to "nine", which is no number, at 11\.000s`},
		},
		{
			name:    "a backend shows an older value",
			history: run(seen("alpha", 10, 0.1, "b", "1"), seen("alpha", 11, 0.1, "b", "2"), show("alpha", 20, "b", "1")),
			evidence: []string{
				`^alpha: backend b went back from 2 to 1, an older value, at 20\.000s; the newest update in the ledger was backend b = 2 \(revision 2, committed at 11\.000s\); at 20\.000s`,
			},
		},
		{
			name:     "the same after it was not shown for a while",
			history:  run(seen("alpha", 10, 0.1, "b", "1"), seen("alpha", 11, 0.1, "b", "2"), show("alpha", 19, "b", ""), show("alpha", 20, "b", "1")),
			evidence: []string{`backend b went back from none to 1, an older value, at 20\.000s`},
		},
		{
			name:     "a backend that was deleted shows an older value",
			history:  run(seen("alpha", 10, 0.1, "b", "1"), seen("alpha", 11, 0.1, "b", ""), show("alpha", 20, "b", "1")),
			evidence: []string{`backend b went back from none to 1, an older value`},
		},
		{
			name:    "a value that was written again is no older one",
			history: run(seen("alpha", 10, 0.1, "b", "1"), seen("alpha", 11, 0.1, "b", "2"), seen("alpha", 20, 0.1, "b", "1"), seen("alpha", 21, 0.1, "b", "2")),
			want:    record.Passed,
		},
		{
			name: "the value that was written again may be shown from its writer's begin on, and not before",
			history: run(seen("alpha", 10, 0.1, "b", "1"), seen("alpha", 11, 0.1, "b", "2"), commit("alpha", 20, "b", "1"), begun(19),
				show("alpha", 18.9, "b", "1")),
			evidence: []string{`backend b went back from 2 to 1, an older value, at 18\.900s`},
		},
		{
			name: "and so it is in order",
			history: run(seen("alpha", 10, 0.1, "b", "1"), seen("alpha", 11, 0.1, "b", "2"), commit("alpha", 20, "b", "1"), begun(19),
				show("alpha", 19, "b", "1")),
			want: record.Passed,
		},
		{
			name:    "what was never committed is no older value",
			history: run(seen("alpha", 10, 0.1, "b", "1"), show("alpha", 11, "b", "x"), show("alpha", 12, "b", "1")),
			want:    record.Passed,
		},
		{
			name:    "what a closed manager shows is not judged",
			history: run(showAt("alpha", 10, "t", "9", 9), showAt("alpha", 50, "t", "1", 1)),
			want:    record.Passed,
		},
		{
			name: "a new tenure begins anew, at an older revision too",
			history: run(seen("alpha", 10, 0.1, "b", "1"), seen("alpha", 11, 0.1, "b", "2"), showAt("alpha", 12, "t", "9", 12),
				tenures("alpha", 0, 20, 30, never), showAt("alpha", 30, "b", "1", 2), showAt("alpha", 31, "t", "8", 3)),
			want: record.Passed, evidence: []string{`^5 views in order$`},
		},
		{
			name:     "the first tenure is judged too",
			history:  run(showAt("alpha", 12, "t", "9", 12), showAt("alpha", 13, "t", "9", 11), tenures("alpha", 0, 20, 30, never), showAt("alpha", 30, "t", "9", 12)),
			evidence: []string{`^alpha: the revision went back from 12 to 11 at 13\.000s; the ledger had no update yet; at 13\.000s [^;]*$`},
		},
		{
			name:     "and so is the last",
			history:  run(showAt("alpha", 12, "t", "9", 5), tenures("alpha", 0, 20, 30, never), showAt("alpha", 31, "t", "9", 12), showAt("alpha", 32, "t", "9", 11)),
			evidence: []string{`^alpha: the revision went back from 12 to 11 at 32\.000s; the ledger had no update yet; at 32\.000s [^;]*$`},
		},
		{
			name:    "what is shown of a cluster that is nobody's is not judged",
			history: run(showAt("alpha", 10, "t", "9", 9), tenures("alpha", 0, 20, 30, never), showAt("alpha", 20, "t", "1", 1), showAt("alpha", 25, "t", "1", 1)),
			want:    record.Passed, evidence: []string{`^1 view in order$`},
		},
	})
}
