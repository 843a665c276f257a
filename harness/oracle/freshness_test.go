package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

func TestFreshness(t *testing.T) {
	check(t, Freshness{}, []judgement{
		{
			name:    "in time throughout",
			history: run(steady("alpha", 1, 40, 0.1), steady("beta", 1, 40, 0.15)),
			want:    record.Passed, evidence: []string{`^worst 150ms of 200ms allowed \(beta\)$`},
		},
		{
			name:    "exactly the calm bound is in time",
			history: run(seen("alpha", 10, 0.2, "t", "1")),
			want:    record.Passed, evidence: []string{`^worst 200ms of 200ms allowed \(alpha\)$`},
		},
		{
			name:    "a millisecond over the calm bound",
			history: run(seen("alpha", 10, 0.201, "t", "7"), watch("alpha", "/k", 0, 10, never)),
			evidence: []string{
				`^alpha: checkpoint t = 7 \(revision 1, committed at 10\.000s\) was not shown for longer than the 200ms allowed \(calm.*\); the view had never shown checkpoint t; at`,
				`at 10\.200s alpha/m1 led, the watch was on alpha/m2; `,
				`worst 201ms of 200ms allowed at 10\.201s \(alpha\)$`,
			},
		},
		{
			name: "less than a millisecond over is told to the nanosecond",
			history: run(commit("alpha", 10, "t", "7"), func(r *record.Record) {
				r.Views = []record.View{{At: at(10.2) + 5, Cluster: "alpha", Changes: []record.Change{{Subject: subject("t"), Value: "7"}}}}
			}),
			evidence: []string{`worst 200\.000005ms of 200ms allowed`},
		},
		{
			name: "the first and the worst are told apart",
			history: run(seen("beta", 20, 1, "t", "1"), seen("alpha", 30, 5, "t", "2"),
				seen("alpha", 40, 2, "t", "3")),
			evidence: []string{`^beta: checkpoint t = 1 `, `at 20\.200s beta/m1 led`, `worst 5s of 200ms allowed at 35\.000s \(alpha\)$`},
		},
		{
			name:     "never shown until the close",
			history:  run(commit("alpha", 49, "t", "1")),
			evidence: []string{`at 49\.200s`, `worst 1s of 200ms allowed at 50\.000s`},
		},
		{
			name:    "anything goes while the manager starts",
			history: run(seen("alpha", 0.5, 5.7, "t", "1")),
			want:    record.Passed, evidence: []string{`^worst 0s of 200ms allowed \(alpha\)$`},
		},
		{
			name:     "the start is over with the first complete view",
			history:  run(seen("alpha", 0.5, 0.1, "t", "1"), seen("alpha", 2, 1, "t", "2")),
			evidence: []string{`\(calm.*\); .*at 2\.200s`, `worst 1s of 200ms allowed at 3\.000s`},
		},
		{
			name:     "the start has an end",
			history:  run(seen("alpha", 0.5, 6, "t", "1")),
			evidence: []string{`\(calm.*\); .*at 6\.200s`, `worst 6s of 200ms allowed at 6\.500s`},
		},
		{
			name:    "a cluster given later starts later",
			history: run(seen("alpha", 0.5, 25.6, "t", "1"), tenures("alpha", 20, never)),
			want:    record.Passed,
		},
		{
			name:    "a cluster removed is not followed",
			history: run(commit("alpha", 20, "t", "1"), tenures("alpha", 0, 20.1)),
			want:    record.Passed,
		},
		{
			name:     "a tenure that is over was judged",
			history:  run(seen("alpha", 10, 1, "t", "1"), tenures("alpha", 0, 20, 30, never), show("alpha", 30.1, "t", "1")),
			evidence: []string{`^alpha: .*at 10\.200s`},
		},
		{
			name:     "a view that was complete is not so in the next tenure",
			history:  run(seen("alpha", 10, 0.1, "t", "1"), tenures("alpha", 0, 20, 30, never)),
			evidence: []string{`^alpha: checkpoint t = 1 .*at 36\.200s`},
		},
		{
			name:    "a fault allows its bound",
			history: run(hang("alpha", 19.9, 30), seen("alpha", 20, 7.9, "t", "1")),
			want:    record.Passed, evidence: []string{`^worst 0s of 200ms allowed`},
		},
		{
			name:    "more than its bound during a fault",
			history: run(hang("alpha", 19.9, never), seen("alpha", 20, 9, "t", "1")),
			evidence: []string{
				`longer than the 200ms allowed \(calm.*\)`,
				`at 27\.900s alpha/m1 led, no watch was open, HangDisk\(alpha/m1\) in force`,
				`worst 9s of 200ms allowed at 29\.000s`,
			},
		},
		{
			name:     "a view that flaps while a fault lasts",
			history:  run(hang("alpha", 10, 45), seen("alpha", 11, 3, "t", "1"), seen("alpha", 30, 3, "t", "2"), seen("alpha", 40, 3, "t", "3")),
			evidence: []string{`checkpoint t = 2 .*\(calm.*\); .*at 30\.200s .*HangDisk\(alpha/m1\) in force`, `worst 3s`},
		},
		{
			name:     "a fault excuses nothing that was stale before it",
			history:  run(seen("alpha", 20, 0.6, "t", "1"), hang("alpha", 20.5, 30)),
			evidence: []string{`\(calm.*\)`, `at 20\.200s`, `worst 500ms of 200ms allowed at 20\.500s`},
		},
		{
			name:    "after a fault its bound holds again",
			history: run(hang("alpha", 19, 40), seen("alpha", 41, 6, "t", "1")),
			want:    record.Passed,
		},
		{
			name:    "fresh at the very instant the allowance is over",
			history: run(hang("alpha", 19, 20), seen("alpha", 21, 7, "t", "1")),
			want:    record.Passed,
		},
		{
			name:     "stale when the allowance is over, between two points",
			history:  run(hang("alpha", 19, 20), seen("alpha", 25, 4, "t", "1")),
			evidence: []string{`\(calm.*\); .*at 28\.000s`, `worst 4s of 200ms allowed at 29\.000s`},
		},
		{
			name:     "two seconds of a fault do not excuse a view for the failover bound",
			history:  run(blackhole("alpha", 20, 22), seen("alpha", 25, 2, "t", "1")),
			evidence: []string{`\(calm.*\); .*at 26\.000s`},
		},
		{
			name:    "a slow disk allows that much more staleness while it is in force",
			history: run(slowDisk("alpha", 10, 40), seen("alpha", 30, 1.2, "t", "1")),
			want:    record.Passed, evidence: []string{`^worst 1\.2s of 1\.2s allowed \(alpha\)$`},
		},
		{
			name:     "and no more",
			history:  run(slowDisk("alpha", 10, 40), seen("alpha", 30, 1.201, "t", "1")),
			evidence: []string{`the 1\.2s allowed \(calm with SlowDisk\(alpha/m1\) in force\); .*at 31\.200s`},
		},
		{
			name:    "without a quorum anything goes, and the bound counts from its end",
			history: run(lose("alpha", record.LostQuorum, 20, 35), seen("alpha", 20, 23, "t", "1")),
			want:    record.Passed,
		},
		{
			name:     "too long after the quorum was back",
			history:  run(lose("alpha", record.LostQuorum, 20, 30), seen("alpha", 20, 18.9, "t", "1")),
			evidence: []string{`\(calm.*\); .*at 38\.000s`, `worst 18\.9s of 200ms allowed at 38\.900s`},
		},
		{
			name:    "out of reach of every member anything goes",
			history: run(lose("alpha", record.LostReach, 20, never), seen("alpha", 20, 29, "t", "1")),
			want:    record.Passed,
		},
		{
			name:     "too long after the reach was back",
			history:  run(lose("alpha", record.LostReach, 20, 30), seen("alpha", 20, 18.9, "t", "1")),
			evidence: []string{`\(calm.*\); .*at 38\.000s`},
		},
		{
			name:     "a loss after another cluster's fault was healed excuses nothing",
			history:  run(lose("beta", record.LostReach, 20, 30), seen("alpha", 31, 1, "t", "1")),
			evidence: []string{`^alpha: `},
		},
		{
			name:    "a cluster without a fault is for isolation while another has one",
			history: run(hang("alpha", 19, 30), seen("beta", 20, 1, "t", "1")),
			want:    record.Passed,
		},
		{
			name:     "and for freshness when both have one",
			history:  run(hang("alpha", 19, 30), slowDisk("beta", 19, 30), seen("beta", 21, 2, "t", "1")),
			evidence: []string{`^beta: `},
		},
		{
			name:    "a manager that never had a cluster is not asked",
			history: run(commit("alpha", 20, "t", "1"), tenures("alpha"), tenures("beta")),
			want:    record.NotAsked, evidence: []string{`^the manager never had a cluster for longer than its start`},
		},
		{
			name:    "nor is one that was always excused",
			history: run(tenures("beta"), lose("alpha", record.LostQuorum, 0, never), commit("alpha", 20, "t", "1")),
			want:    record.NotAsked,
		},
	})
}
