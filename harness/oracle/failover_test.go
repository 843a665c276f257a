package oracle

import (
	"testing"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

func TestFailover(t *testing.T) {
	end := func(when float64) event {
		return func(r *record.Record) { neverClosed(r); r.End = at(when) }
	}
	for _, test := range []struct {
		name    string
		history *record.Record
		took    float64 // negative: not back
	}{
		{"stale once, until it is shown", history(seen("alpha", 21, 4, "t", "1")), 5},
		{"until the last excursion is over", history(seen("alpha", 21, 1, "t", "1"), seen("alpha", 23, 2, "t", "2")), 5},
		{"blips below the calm bound do not count", history(seen("alpha", 21, 4, "t", "1"), beat("alpha", 26, 40, 0.2)), 5},
		{"a fault that never made it stale lasts until an update is shown", history(seen("alpha", 22, 0.1, "t", "1")), 2.1},
		{"shown at the instant of the commit", history(seen("alpha", 22, 0, "t", "1")), 2},
		{"shown before the commit was known", history(show("alpha", 21.9, "t", "1"), commit("alpha", 22, "t", "1")), 2},
		{"a commit from before is no sign of life", history(seen("alpha", 19.9, 5, "t", "1"), seen("alpha", 27, 0.1, "t", "2")), 7.1},
		{"nor is one that was on its way", history(commit("alpha", 20.1, "t", "1"), begun(20), show("alpha", 20.1, "t", "1"), seen("alpha", 27, 0.1, "t", "2")), 7.1},
		{"one begun just after is", history(commit("alpha", 20.1, "t", "1"), begun(20.001), show("alpha", 20.1, "t", "1")), 0.1},
		{"an excursion from before counts until it is over", history(seen("alpha", 15, 6, "t", "1"), seen("alpha", 20.5, 0.1, "u", "1")), 1},
		{"what was stale before and over is not counted", history(seen("alpha", 10, 9, "t", "1"), seen("alpha", 20.5, 0.1, "t", "2")), 0.6},
		{"only part is shown", history(seen("alpha", 21, 4, "t", "1"), seen("alpha", 21, 6, "u", "1")), 7},
		{"never shown", history(commit("alpha", 21, "t", "1")), -1},
		{"nothing committed since", history(seen("alpha", 19, 0.1, "t", "1")), -1},
		{"stale again at the end", history(seen("alpha", 21, 4, "t", "1"), commit("alpha", 49, "t", "2")), -1},
		{"just committed at the end", history(seen("alpha", 21, 4, "t", "1"), commit("alpha", 49.9, "t", "2")), 5},
		{"shown at the very end of the record", history(seen("alpha", 21, 4, "t", "1"), end(25)), 5},
		{"not yet at the end of the record", history(seen("alpha", 21, 4, "t", "1"), end(24.999)), -1},
		{"another cluster does not count", history(seen("beta", 21, 4, "t", "1"), seen("alpha", 22, 0.1, "t", "1")), 2.1},
	} {
		t.Run(test.name, func(t *testing.T) {
			took, ok := Failover(test.history, "alpha", 20*time.Second)
			if ok != (test.took >= 0) || ok && took != at(test.took) {
				t.Errorf("took %v, %v; want %vs", took, ok, test.took)
			}
		})
	}
}
