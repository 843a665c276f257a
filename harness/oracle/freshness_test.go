package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

func TestFreshness(t *testing.T) {
	check(t, Freshness{}, []judgement{
		{
			name:    "in time throughout",
			history: history(beat("alpha", 1, 40, 0.1), beat("beta", 1, 40, 0.15)),
			passes:  true, evidence: []string{`^worst 150ms of 200ms allowed \(beta\)$`},
		},
		{
			name:    "exactly the calm bound is in time",
			history: history(seen("alpha", 10, 0.2, "t", "1")),
			passes:  true, evidence: []string{`^worst 200ms of 200ms allowed \(alpha\)$`},
		},
		{
			name:    "a millisecond over the calm bound",
			history: history(seen("alpha", 10, 0.201, "t", "7"), watch("alpha", "/k", 0, 10, never)),
			evidence: []string{
				`^alpha: checkpoint t = 7 \(revision 1, committed at 10\.000s\) was not shown for longer than the 200ms allowed \(calm bound\); `,
				`at 10\.200s alpha/m1 led, the watch sat on alpha/m2; `,
				`worst 201ms of 200ms allowed at 10\.201s \(alpha\)$`,
			},
		},
		{
			name: "less than a millisecond over is told to the nanosecond",
			history: history(commit("alpha", 10, "t", "7"), func(r *record.Record) {
				r.Views = []record.View{{At: at(10.2) + 5, Cluster: "alpha", Changes: []record.Change{{Subject: task("t"), Value: "7"}}}}
			}),
			evidence: []string{`worst 200\.000005ms of 200ms allowed`},
		},
		{
			name: "the first and the worst are told apart",
			history: history(seen("beta", 20, 1, "t", "1"), seen("alpha", 30, 5, "t", "2"),
				seen("alpha", 40, 2, "t", "3")),
			evidence: []string{`^beta: checkpoint t = 1 `, `at 20\.200s beta/m1 led`, `worst 5s of 200ms allowed at 35\.000s \(alpha\)$`},
		},
		{
			name:    "never shown until the close",
			history: history(commit("alpha", 49, "t", "1")),
			evidence: []string{
				`at 49\.200s`, `worst 1s of 200ms allowed at 50\.000s`,
			},
		},
		{
			name:    "anything goes while the manager starts",
			history: history(seen("alpha", 0.5, 5.7, "t", "1")),
			passes:  true, evidence: []string{`^worst 0s of 200ms allowed \(alpha\)$`},
		},
		{
			name:     "the start is over with the first complete view",
			history:  history(seen("alpha", 0.5, 0.1, "t", "1"), seen("alpha", 2, 1, "t", "2")),
			evidence: []string{`calm bound\); at 2\.200s`, `worst 1s of 200ms allowed at 3\.000s`},
		},
		{
			name:     "the start has an end",
			history:  history(seen("alpha", 0.5, 6, "t", "1")),
			evidence: []string{`calm bound\); at 6\.200s`, `worst 6s of 200ms allowed at 6\.500s`},
		},
		{
			name: "a cluster given later starts later",
			history: history(seen("alpha", 0.5, 25.6, "t", "1"), func(r *record.Record) {
				r.Clusters[0].Since = at(20)
			}),
			passes: true,
		},
		{
			name: "a cluster removed is not followed",
			history: history(commit("alpha", 20, "t", "1"), func(r *record.Record) {
				r.Clusters[0].Until = at(20.1)
			}),
			passes: true,
		},
		{
			name:    "a fault allows the failover bound",
			history: history(seen("alpha", 20, 8, "t", "1"), hang("alpha", 19.9, 30)),
			passes:  true, evidence: []string{`^worst 8s of 8s allowed \(alpha\)$`},
		},
		{
			name:    "more than the failover bound during a fault",
			history: history(seen("alpha", 20, 9, "t", "1"), hang("alpha", 19.9, never)),
			evidence: []string{
				`longer than the 8s allowed \(failover bound\)`,
				`at 28\.000s alpha/m1 led, the watch sat on nowhere, HangDisk\(alpha/m1\) in force`,
				`worst 9s of 8s allowed at 29\.000s`,
			},
		},
		{
			name:     "a fault excuses nothing that was stale before it",
			history:  history(seen("alpha", 20, 0.6, "t", "1"), hang("alpha", 20.5, 30)),
			evidence: []string{`calm bound`, `at 20\.200s`, `worst 500ms of 200ms allowed at 20\.500s`},
		},
		{
			name:    "a fault on one cluster allows nothing on another",
			history: history(seen("beta", 20, 1, "t", "1"), hang("alpha", 19, 30)),
			evidence: []string{
				`^beta: .*\(calm bound\)`, `HangDisk\(alpha/m1\) in force`,
			},
		},
		{
			name:    "after a fault the failover bound holds on",
			history: history(hang("alpha", 19, 20), seen("alpha", 22, 6, "t", "1")),
			passes:  true, evidence: []string{`^worst 6s of 8s allowed \(alpha\)$`},
		},
		{
			name:    "fresh at the very instant the allowance drops",
			history: history(hang("alpha", 19, 20), seen("alpha", 21, 7, "t", "1")),
			passes:  true,
		},
		{
			name:    "stale when the allowance drops, between two points",
			history: history(hang("alpha", 19, 20), seen("alpha", 25, 4, "t", "1")),
			evidence: []string{
				`calm bound\); at 28\.000s`, `worst 4s of 200ms allowed at 29\.000s`,
			},
		},
		{
			name:    "without a quorum anything goes, and counts from its end",
			history: history(split("alpha", 20, 35), seen("alpha", 20, 23, "t", "1")),
			passes:  true, evidence: []string{`^worst 8s of 8s allowed \(alpha\)$`},
		},
		{
			name:     "too long after the quorum was back",
			history:  history(split("alpha", 20, 30), hang("alpha", 20, 40), seen("alpha", 19.9, 19, "t", "1")),
			evidence: []string{`failover bound\); at 38\.000s`, `worst 8\.9s of 8s allowed at 38\.900s`},
		},
		{
			name:    "the quorum of another cluster excuses nothing",
			history: history(split("beta", 20, 30), seen("alpha", 21, 1, "t", "1")),
			evidence: []string{
				`^alpha: `,
			},
		},
		{
			name:    "a manager that never started is not asked",
			history: history(commit("alpha", 20, "t", "1"), func(r *record.Record) { r.ManagerStart = -1 }),
			passes:  true, evidence: []string{`^not asked: `},
		},
	})
}
