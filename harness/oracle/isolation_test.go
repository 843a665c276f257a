package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

func TestIsolation(t *testing.T) {
	check(t, Isolation{}, []judgement{
		{
			name:    "nobody was hurt",
			history: history(seen("alpha", 20, 5, "t", "1")),
			passes:  true, evidence: []string{`^not asked: no cluster was hurt while another was left alone$`},
		},
		{
			name:    "everybody was hurt",
			history: history(hang("alpha", 10, 20), hang("beta", 10, 20), seen("alpha", 12, 5, "t", "1")),
			passes:  true, evidence: []string{`^not asked`},
		},
		{
			name:    "the other stays calm",
			history: history(hang("alpha", 10, 20), beat("beta", 1, 40, 0.1), seen("alpha", 11, 7, "t", "1")),
			passes:  true, evidence: []string{`^worst 100ms of 200ms allowed \(beta\)$`},
		},
		{
			name:    "the other has nothing to show",
			history: history(hang("alpha", 10, 20)),
			passes:  true, evidence: []string{`^worst 0s of 200ms allowed \(beta\)$`},
		},
		{
			name:    "the other goes stale",
			history: history(hang("alpha", 10, 20), seen("beta", 12, 3, "t", "1"), watch("beta", "/k", 0, 12, never)),
			evidence: []string{
				`^while only others had a fault, beta: checkpoint t = 1 \(revision 1, committed at 12\.000s\) was not shown for longer than the 200ms allowed \(calm bound\)`,
				`at 12\.200s beta/m1 led, the watch sat on beta/m2, HangDisk\(alpha/m1\) in force`,
				`worst 3s of 200ms allowed at 15\.000s \(beta\)$`,
			},
		},
		{
			name:    "anything goes while the manager starts",
			history: history(hang("alpha", 1, 20), seen("beta", 2, 4.2, "t", "1")),
			passes:  true, evidence: []string{`^worst 0s`},
		},
		{
			name:    "stale only after the fault on the other is for freshness",
			history: history(hang("alpha", 10, 20), seen("beta", 20, 3, "t", "1")),
			passes:  true,
		},
		{
			name:    "a fault of its own, lately over, is an excuse",
			history: history(hang("beta", 9, 10), hang("alpha", 15, 25), seen("beta", 16, 2, "t", "1")),
			passes:  true,
		},
		{
			name:     "and not for ever",
			history:  history(hang("beta", 9, 10), hang("alpha", 15, 25), seen("beta", 16, 2.5, "t", "1")),
			evidence: []string{`beta: .*at 18\.000s`, `worst 2\.5s of 200ms`},
		},
		{
			name: "a fault on no cluster in particular hurts none",
			history: history(func(r *record.Record) {
				r.Faults = append(r.Faults, record.Fault{Text: "Reload()", From: at(10), To: at(20)})
			}, seen("beta", 12, 3, "t", "1")),
			passes: true, evidence: []string{`^not asked`},
		},
	})
}
