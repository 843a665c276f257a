package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

// A manager may take two seconds to attach in these histories, and eight to recover from a hang.
func TestAManagerClosesTheWatchThatItLeaves(t *testing.T) {
	hung := hang("alpha", 20, 45)
	first, second := watch("alpha", "/k", 1, 45, 50), all(watch("alpha", "/k", 25, 45, 50), on("m3"))
	streams := func(n int) event { return func(r *record.Record) { r.Streams = n } }
	check(t, Leaks{}, []judgement{
		{name: "it moves", history: run(hung, watch("alpha", "/k", 1, 20, 25), second), want: record.Passed},
		{name: "it closes the old watch in time", history: run(hung, watch("alpha", "/k", 1, 20, 30), second), want: record.Passed},
		{
			name:    "it keeps both",
			history: run(hung, first, second),
			evidence: []string{
				`^alpha: 2 watches of /k were open at once from 28\.000s to 45\.000s, where 1 is enough: on alpha/m2 since 1\.000s, on alpha/m3 since 25\.000s; at 30\.000s alpha/m1 led`,
			},
		},
		{name: "it closes the old one a moment too late", history: run(hung, watch("alpha", "/k", 1, 20, 30.1), second), evidence: []string{`2 watches of /k were open at once from 28\.000s to 30\.100s`}},
		{name: "it had two before the fault", history: run(hung, first, all(watch("alpha", "/k", 2, 20, 25), on("m1")), second), want: record.Passed},
		{name: "it says that it keeps two", history: run(streams(2), hung, first, second), want: record.Passed},
		{name: "it says two and keeps three", history: run(streams(2), hung, first, second, second), evidence: []string{`3 watches of /k`, `where 2 is enough`}},
		{name: "of two keys each has its own", history: run(hung, first, all(watch("alpha", "/other", 25, 45, 50), on("m3"))), want: record.Passed},
		{name: "of two clusters too", history: run(hung, first, watch("beta", "/k", 25, 45, 50)), want: record.Passed},
		{
			name:    "a member that cannot be reached does not know",
			history: run(hung, first, second, func(r *record.Record) { r.Faults[0].Scope.Unreachable = []string{"m2"} }),
			want:    record.Passed,
		},
		{
			name:     "once it can be reached it knows",
			history:  run(hang("alpha", 20, 30), first, second, func(r *record.Record) { r.Faults[0].Scope.Unreachable = []string{"m2"} }),
			evidence: []string{`from 38\.000s to 50\.000s`},
		},
		{
			name:    "a watch on a half-open connection stays open at the member",
			history: run(hung, first, second, func(r *record.Record) { r.Faults[0].Scope.Stranded = []string{"m2"} }),
			want:    record.Passed,
		},
		{
			name:     "one that was opened later is on a connection that works",
			history:  run(hung, all(watch("alpha", "/k", 21, 45, 50)), second, func(r *record.Record) { r.Faults[0].Scope.Stranded = []string{"m2"} }),
			evidence: []string{`2 watches of /k`},
		},
		{
			name:     "so is one on another member",
			history:  run(hung, first, second, func(r *record.Record) { r.Faults[0].Scope.Stranded = []string{"m1"} }),
			evidence: []string{`2 watches of /k`},
		},
		{name: "without a fault the first watches are usual", history: run(first, second), want: record.Passed},
		{name: "two at the instant of a change are none", history: run(first, watch("alpha", "/j", 1, 20, 30), watch("alpha", "/j", 30, 45, 50)), want: record.Passed},
		{name: "a watch before the tenure", history: run(tenures("alpha", 10, never), watch("alpha", "/k", 1, 5, 8), hung, first), want: record.Passed},
		{name: "left open to the end", history: run(hung, watch("alpha", "/k", 1, 20, never), all(watch("alpha", "/k", 25, 45, never), on("m3"))), evidence: []string{`2 watches of /k were open at once from 28\.000s to 45\.000s`}},
	})
}
