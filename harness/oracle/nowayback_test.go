package oracle

import "testing"

func TestNoWayBack(t *testing.T) {
	check(t, NoWayBack{}, []judgement{
		{name: "no view", history: history(), passes: true, evidence: []string{`^not asked: no view was shown$`}},
		{
			name:    "forward and standing still",
			history: history(showAt("alpha", 1, "t", "9", 5), showAt("alpha", 2, "u", "1", 5), showAt("alpha", 3, "t", "10", 6)),
			passes:  true, evidence: []string{`^3 views in order$`},
		},
		{
			name:    "each cluster has revisions of its own",
			history: history(showAt("alpha", 1, "t", "9", 500), showAt("beta", 2, "t", "1", 5)),
			passes:  true,
		},
		{
			name: "a revision goes back",
			history: history(showAt("alpha", 10, "t", "1", 120), showAt("alpha", 12, "u", "1", 90), showAt("alpha", 13, "v", "1", 20),
				watch("alpha", "/k", 0, 12, never)),
			evidence: []string{
				`^alpha: the revision went back from 120 to 90 at 12\.000s; at 12\.000s alpha/m1 led, the watch sat on alpha/m2`,
				`worst of 2: alpha: the revision went back from 120 to 20 at 13\.000s$`,
			},
		},
		{
			name:     "a checkpoint goes back, as a number",
			history:  history(showAt("alpha", 10, "t", "100", 1), showAt("alpha", 11, "t", "99", 2)),
			evidence: []string{`^alpha: checkpoint t went back from 100 to 99 at 11\.000s; at 11\.000s`},
		},
		{
			name:     "after it was not shown for a while",
			history:  history(showAt("alpha", 10, "t", "9", 1), showAt("alpha", 11, "t", "", 2), showAt("alpha", 12, "t", "8", 3)),
			evidence: []string{`^alpha: checkpoint t went back from 9 to 8 at 12\.000s`},
		},
		{
			name: "a task that was removed may begin anew",
			history: history(commit("alpha", 10.9, "t", ""),
				showAt("alpha", 10, "t", "9", 1), showAt("alpha", 11, "t", "", 2), showAt("alpha", 12, "t", "8", 3)),
			passes: true,
		},
		{
			name:     "a checkpoint that is no number",
			history:  history(showAt("beta", 10, "t", "9", 1), showAt("beta", 11, "t", "nine", 2)),
			evidence: []string{`^beta: checkpoint t went back from 9 to "nine", which is no number, at 11\.000s`},
		},
		{
			name:    "what a closed manager shows is not judged",
			history: history(showAt("alpha", 10, "t", "9", 9), showAt("alpha", 50, "t", "1", 1)),
			passes:  true,
		},
	})
}
