package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

func TestIsolation(t *testing.T) {
	check(t, Isolation{}, []judgement{
		{
			name:    "nobody was hurt",
			history: run(seen("alpha", 20, 5, "t", "1")),
			want:    record.NotAsked, evidence: []string{`^no cluster was hurt while another was left alone$`},
		},
		{
			name:    "everybody was hurt",
			history: run(hang("alpha", 10, 20), hang("beta", 10, 20), seen("alpha", 12, 5, "t", "1")),
			want:    record.NotAsked,
		},
		{
			name:    "the other stays calm",
			history: run(hang("alpha", 10, 20), steady("beta", 1, 40, 0.1), seen("alpha", 11, 7, "t", "1")),
			want:    record.Passed, evidence: []string{`^worst 100ms of 200ms allowed \(beta\)$`},
		},
		{
			name:    "the other has nothing to show",
			history: run(hang("alpha", 10, 20)),
			want:    record.Passed, evidence: []string{`^worst 0s of 200ms allowed \(beta\)$`},
		},
		{
			name:    "the other goes stale",
			history: run(hang("alpha", 10, 20), seen("beta", 12, 3, "t", "1"), watch("beta", "/k", 0, 12, never)),
			evidence: []string{
				`^while only others had a fault, beta: checkpoint t = 1 \(revision 1, committed at 12\.000s\) was not shown for longer than the 200ms allowed \(calm.*\)`,
				`at 12\.200s beta/m1 led, the watch was on beta/m2, HangDisk\(alpha/m1\) in force`,
				`worst 3s of 200ms allowed at 15\.000s \(beta\)$`,
			},
		},
		{
			name:     "the other goes stale and stays so when the fault is healed",
			history:  run(hang("alpha", 10, 20), seen("beta", 12, 20, "t", "1")),
			evidence: []string{`at 12\.200s`, `worst 20s of 200ms allowed at 32\.000s \(beta\)$`},
		},
		{
			name:     "the same with more updates on their way",
			history:  run(hang("alpha", 10, 20), commit("beta", 12, "t", "1"), commit("beta", 15, "t", "2"), commit("beta", 19, "t", "3"), show("beta", 25, "t", "3")),
			evidence: []string{`checkpoint t = 1 .*at 12\.200s`, `worst 13s of 200ms allowed at 25\.000s \(beta\)$`},
		},
		{
			name:    "a view that was too stale before is for freshness",
			history: run(seen("beta", 9, 3, "t", "1"), hang("alpha", 10, 20)),
			want:    record.Passed,
		},
		{
			name:     "one that was not yet too stale is not",
			history:  run(seen("beta", 9.9, 3, "t", "1"), hang("alpha", 10, 20)),
			evidence: []string{`at 10\.100s`},
		},
		{
			name:    "stale only after the fault on the other is for freshness",
			history: run(hang("alpha", 10, 20), seen("beta", 20, 3, "t", "1")),
			want:    record.Passed,
		},
		{
			name:    "too stale only after the fault on the other is so too",
			history: run(hang("alpha", 10, 20), seen("beta", 19.8, 3, "t", "1")),
			want:    record.Passed,
		},
		{
			name:    "anything goes while the manager starts",
			history: run(hang("alpha", 1, 20), seen("beta", 2, 4.2, "t", "1")),
			want:    record.Passed, evidence: []string{`^worst 0s`},
		},
		{
			name:    "a fault of its own, lately over, is an excuse",
			history: run(hang("beta", 9, 10), hang("alpha", 15, 25), seen("beta", 16, 2, "t", "1")),
			want:    record.Passed,
		},
		{
			name:     "and not for ever",
			history:  run(hang("beta", 9, 10), hang("alpha", 15, 25), seen("beta", 16, 2.5, "t", "1")),
			evidence: []string{`beta: .*at 18\.000s`, `worst 2\.5s of 200ms`},
		},
		{
			name: "a fault on no cluster in particular hurts none",
			history: run(func(r *record.Record) {
				r.Faults = append(r.Faults, record.Fault{Text: "Reload()", From: at(10), To: at(20)})
			}, seen("beta", 12, 3, "t", "1")),
			want: record.NotAsked,
		},
	})
}
