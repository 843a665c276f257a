package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

func TestNothingLost(t *testing.T) {
	check(t, NothingLost{}, []judgement{
		{
			name:    "all is shown",
			history: history(beat("alpha", 1, 40, 0.1), seen("beta", 3, 0.1, "u", "7"), seen("beta", 4, 0.1, "u", "")),
			passes:  true, evidence: []string{`^nothing invented in 42 views, 2 subjects at the end as committed$`},
		},
		{
			name:    "the last update is not shown",
			history: history(seen("alpha", 10, 0.1, "t", "1"), commit("alpha", 20, "t", "2"), watch("alpha", "/k", 0, 20, never)),
			evidence: []string{
				`^the view ended with alpha checkpoint t = 1, the ledger with checkpoint t = 2 \(revision 2, committed at 20\.000s\)`,
				`; at 50\.000s alpha/m1 led, the watch sat on alpha/m2$`,
			},
		},
		{
			name:     "shown and forgotten",
			history:  history(seen("alpha", 10, 0.1, "t", "1"), show("alpha", 12, "t", "")),
			evidence: []string{`^the view ended with alpha no checkpoint t, the ledger with checkpoint t = 1 `},
		},
		{
			name:     "gone and still shown",
			history:  history(seen("alpha", 10, 0.1, "t", "1"), commit("alpha", 20, "t", "")),
			evidence: []string{`^the view ended with alpha checkpoint t = 1, the ledger with checkpoint t gone \(revision 2, `},
		},
		{
			name:     "the one due longest is told, and how many there are",
			history:  history(commit("alpha", 30, "t", "1"), commit("beta", 20, "u", "1"), commit("alpha", 25, "v", "1")),
			evidence: []string{`^the view ended with beta no checkpoint u, .* at 50\.000s beta/m1 led.*; 3 subjects differ in all$`},
		},
		{
			name: "answers out of order: the revision says which is the later",
			history: history(commit("alpha", 20, "t", "1"), commit("alpha", 10, "t", "2"), show("alpha", 20.1, "t", "1"),
				show("alpha", 20.2, "t", "2")),
			passes: true,
		},
		{
			name:    "an update younger than the calm bound may be under way",
			history: history(seen("alpha", 10, 0.1, "t", "1"), commit("alpha", 49.81, "t", "2")),
			passes:  true,
		},
		{
			name:     "and an older one may not",
			history:  history(seen("alpha", 10, 0.1, "t", "1"), commit("alpha", 49.8, "t", "2")),
			evidence: []string{`the ledger with checkpoint t = 2`},
		},
		{
			name:    "a young update may be shown, even before its writer had the answer",
			history: history(seen("alpha", 10, 0.1, "t", "1"), show("alpha", 49.9, "t", "2"), commit("alpha", 50.3, "t", "2")),
			passes:  true,
		},
		{
			name:     "never committed",
			history:  history(seen("alpha", 10, 0.1, "t", "1"), show("alpha", 12, "t", "5"), show("alpha", 13, "t", "1")),
			evidence: []string{`^alpha checkpoint t = 5 was shown at 12\.000s and never committed; at 12\.000s alpha/m1 led`},
		},
		{
			name:     "committed in another cluster only",
			history:  history(seen("beta", 10, 0.1, "t", "1"), show("alpha", 12, "t", "1"), show("alpha", 13, "t", "")),
			evidence: []string{`^alpha checkpoint t = 1 was shown at 12\.000s and never committed`},
		},
		{
			name:    "invented and kept: both halves say so",
			history: history(show("alpha", 12, "t", "5"), show("alpha", 13, "t", "6")),
			evidence: []string{
				`^alpha checkpoint t = 5 .*; 2 such values in all; the view ended with alpha checkpoint t = 6, the ledger with nothing of it; `,
			},
		},
		{
			name:    "never closed",
			history: history(commit("alpha", 20, "t", "2"), neverClosed),
			passes:  true, evidence: []string{`^nothing invented in 0 views, not asked what was lost: the manager was never closed$`},
		},
		{
			name:     "never closed, and invented",
			history:  history(show("alpha", 12, "t", "5"), neverClosed),
			evidence: []string{`never committed`},
		},
		{
			name:    "no quorum at the end",
			history: history(commit("alpha", 20, "t", "2"), split("alpha", 30, never), split("beta", 30, 60)),
			passes:  true, evidence: []string{`not asked what was lost: no cluster was the manager's and had its quorum`},
		},
		{
			name:    "what a closing manager shows does not count",
			history: history(seen("alpha", 10, 0.1, "t", "1"), show("alpha", 50, "t", "")),
			passes:  true,
		},
		{
			name: "removed before",
			history: history(commit("alpha", 20, "t", "2"), func(r *record.Record) {
				r.Clusters[0].Until = at(30)
			}),
			passes: true,
		},
	})
}
