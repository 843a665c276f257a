package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

// idle is a report of an idle timeout.
func idle(cluster string, when, named float64) event {
	return func(r *record.Record) {
		r.Errors = append(r.Errors, record.ViewError{At: at(when), Cluster: cluster, Text: "watch is idle", Idle: at(named)})
	}
}

// other is an error that is no idle timeout.
func other(cluster string, when float64) event {
	return func(r *record.Record) {
		r.Errors = append(r.Errors, record.ViewError{At: at(when), Cluster: cluster, Text: "no answer"})
	}
}

// A watch that answered until the manager was closed has its last answer at 50 s. A watch that is never closed is silent from its last
// answer until the end of the record.
func TestIdleTimeoutReports(t *testing.T) {
	check(t, IdleTimeout{}, []judgement{
		{
			name:    "a manager that has no idle timeout is not asked",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 45), func(r *record.Record) { r.Timing.IdleTimeout = 0 }),
			want:    record.NotAsked, evidence: []string{`^the manager has no idle timeout$`},
		},
		{name: "no watch", history: run(), want: record.NotAsked, evidence: []string{`^the manager had no watch$`}},
		{
			name:    "nothing to say",
			history: run(watch("alpha", "/k", 0, 49, 50, 20, 29)),
			want:    record.Passed, evidence: []string{`^none said, none due, on 1 watch$`},
		},
		{
			name:    "at its time",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 28.1), idle("alpha", 28.1, 10)),
			want:    record.Passed, evidence: []string{`^1 said, the latest after 100ms of 200ms allowed$`},
		},
		{
			name:    "the first instant and the last",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 28.1), idle("alpha", 28, 10), idle("alpha", 28.2, 10)),
			want:    record.Passed, evidence: []string{`^2 said, the latest after 200ms`},
		},
		{
			name:    "one report for two watches, a cluster each",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), watch("alpha", "/l", 0, 18.1, 40), idle("alpha", 28.15, 10)),
			want:    record.Passed,
		},
		{
			name:    "a silence that an answer ended later",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 49, 50, 18, 41), idle("alpha", 28.1, 10)),
			want:    record.Passed,
		},
		{
			name:    "early",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 24), idle("alpha", 23, 10)),
			evidence: []string{
				`^alpha: idle timeout of 10s said at 23\.000s early: the watch of /k on alpha/m2 had answered 5s before; at 23\.000s alpha/m1 led, the watch was on alpha/m2, DropProgress\(alpha/m1\) in force$`,
			},
		},
		{
			name:     "early by a millisecond",
			history:  run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), idle("alpha", 27.999, 10), idle("alpha", 28.1, 10)),
			evidence: []string{`said at 27\.999s early: .* had answered 9\.999s before`},
		},
		{
			name:     "early on a watch that answers all the time",
			history:  run(watch("alpha", "/k", 0, 49, 50), idle("alpha", 23, 10)),
			evidence: []string{`early: the watch of /k on alpha/m2 had answered less than 5s before`},
		},
		{
			name:     "late",
			history:  run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 30), idle("alpha", 28.3, 10)),
			evidence: []string{`said at 28\.300s late: the watch of /k on alpha/m2 had been silent for 10\.3s; at 28\.300s [^;]*$`},
		},
		{
			name:    "a false alarm: silent, and no fault to silence it",
			history: run(hang("alpha", 15, 30), dropProgress("beta", 15, 30), watch("alpha", "/k", 0, 18, 28.1), idle("alpha", 28.1, 10)),
			evidence: []string{
				`said at 28\.100s with no fault to silence the watch of /k on alpha/m2, whose last answer was at 18\.000s: a false alarm`,
			},
		},
		{
			name:     "a false alarm: the fault was over before the silence",
			history:  run(dropProgress("alpha", 10, 17), watch("alpha", "/k", 0, 18, 28.1), idle("alpha", 28.1, 10)),
			evidence: []string{`a false alarm`},
		},
		{
			name:    "a watch that begins past what its member has reached is silent while a fault keeps the member behind",
			history: run(lag("alpha", 15, 40), watch("alpha", "/k", 18, 18, 28.1), ahead, idle("alpha", 28.1, 10)),
			want:    record.Passed,
		},
		{
			name:     "one that does not is not",
			history:  run(lag("alpha", 15, 40), watch("alpha", "/k", 18, 18, 28.1), idle("alpha", 28.1, 10)),
			evidence: []string{`a false alarm`},
		},
		{
			name:     "nor one on another member",
			history:  run(lag("alpha", 15, 40), watch("alpha", "/k", 18, 18, 28.1), on("m3"), ahead, idle("alpha", 28.1, 10)),
			evidence: []string{`a false alarm`},
		},
		{
			name:     "a false alarm: the watch begins past what its member has reached, and nothing is wrong",
			history:  run(watch("alpha", "/k", 18, 18, 28.1), ahead, idle("alpha", 28.1, 10)),
			evidence: []string{`a false alarm`},
		},
		{
			name:     "a fault silences the members that it names",
			history:  run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 28.1), on("m1"), idle("alpha", 28.1, 10)),
			evidence: []string{`a false alarm`},
		},
		{
			name:    "the fault began within the silence",
			history: run(dropProgress("alpha", 27, 40), watch("alpha", "/k", 0, 18, 28.1), idle("alpha", 28.1, 10)),
			want:    record.Passed,
		},
		{
			name:     "the watch was closed long before",
			history:  run(dropProgress("alpha", 20, 26), watch("alpha", "/k", 0, 18, 27), idle("alpha", 28.1, 10)),
			evidence: []string{`and no watch was open`},
		},
		{
			name:    "closed by a member that the manager could not hear",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 22), idle("alpha", 28.1, 10)),
			want:    record.Passed,
		},
		{
			name:     "a timeout that is not in force",
			history:  run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 23.1), idle("alpha", 23.1, 5)),
			evidence: []string{`idle timeout of 5s said at 23\.100s where 10s is in force`},
		},
		{
			name:    "answers under the fault may not have arrived",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 27, 40), idle("alpha", 28, 10), watch("alpha", "/k", 28.1, 49, 50)),
			want:    record.Passed,
		},
		{
			name:    "nor one that was on its way when it began",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 19.95, 40), idle("alpha", 27, 10), watch("alpha", "/k", 27.1, 49, 50)),
			want:    record.Passed,
		},
		{
			name:     "but those from before did",
			history:  run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 19.85, 31), idle("alpha", 27, 10), idle("alpha", 29.9, 10)),
			evidence: []string{`said at 27\.000s early: .* had answered 7\.15s before`},
		},
		{
			name:     "and not longer than half a timeout before",
			history:  run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 27, 40), idle("alpha", 24.8, 10), idle("alpha", 37.1, 10)),
			evidence: []string{`said at 24\.800s early`},
		},
		{
			name:    "nor those that ended a silence under the fault",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 27, 30, 15, 22), idle("alpha", 26, 10)),
			want:    record.Passed,
		},
		{
			name:     "a watch has no answers from before it was opened",
			history:  run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 19.5, 27, 30), idle("alpha", 26, 10)),
			evidence: []string{`said at 26\.000s early`},
		},
		{
			name:     "nor any after it was closed",
			history:  run(dropProgress("alpha", 20, 22), watch("alpha", "/k", 0, 21, 24), idle("alpha", 28, 10)),
			evidence: []string{`and no watch was open`},
		},
		{
			name: "the first and the worst",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), idle("alpha", 26, 10), idle("alpha", 28, 10),
				dropProgress("beta", 20, 40), watch("beta", "/k", 0, 18, 40), idle("beta", 28, 10), idle("beta", 39, 10)),
			evidence: []string{`^alpha: idle timeout of 10s said at 26\.000s early`, `; this is the first of 2 violations, the worst is: beta: idle timeout of 10s said at 39\.000s late`},
		},
	})
}

// silencing says which member the last fault silences.
func silencing(member string) event {
	return func(r *record.Record) { r.Faults[len(r.Faults)-1].Scope.Silenced = []string{member} }
}

func TestIdleTimeoutSilences(t *testing.T) {
	check(t, IdleTimeout{}, []judgement{
		{
			name:    "said nothing under a fault",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 31)),
			evidence: []string{
				`^alpha: the manager said nothing of the watch of /k on alpha/m2, silent from 18\.000s to 31\.000s with an idle timeout of 10s; at 28\.200s alpha/m1 led, the watch was on alpha/m2, DropProgress\(alpha/m1\) in force$`,
			},
		},
		{
			name:     "said nothing without a fault",
			history:  run(watch("alpha", "/k", 0, 18, 31)),
			evidence: []string{`the manager said nothing of the watch of /k`},
		},
		{
			name:     "said nothing of a silence that ended",
			history:  run(watch("alpha", "/k", 0, 49, 50, 18, 28.3)),
			evidence: []string{`silent from 18\.000s to 28\.300s`},
		},
		{
			name:     "another cluster's report does not count",
			history:  run(dropProgress("alpha", 20, 40), dropProgress("beta", 20, 40), watch("alpha", "/k", 0, 18, 31), watch("beta", "/k", 0, 18, 31), idle("beta", 28, 10)),
			evidence: []string{`^alpha: the manager said nothing`},
		},
		{
			name: "a report of one watch is not one of another on another member that fell silent later",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), watch("alpha", "/l", 0, 18.5, 40), on("m3"),
				idle("alpha", 28, 10)),
			evidence: []string{`said nothing of the watch of /l`},
		},
		{
			name: "a report of one watch is enough for another on the same member: the manager has left it",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), watch("alpha", "/l", 0, 18.5, 40),
				idle("alpha", 28, 10)),
			want: record.Passed,
		},
		{
			name: "the same where the other fell silent first",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), watch("alpha", "/l", 0, 17.5, 28),
				idle("alpha", 27.6, 10)),
			want: record.Passed,
		},
		{
			name: "not one from before it was silent",
			history: run(dropProgress("alpha", 5, 40), silencing("m1"), watch("alpha", "/l", 0, 7.9, 40), on("m1"),
				dropProgress("alpha", 18.05, 40), watch("alpha", "/k", 0, 18, 40), idle("alpha", 17.9, 10)),
			evidence: []string{`said nothing of the watch of /k`},
		},
		{
			name: "unless its last answers may have been lost",
			history: run(dropProgress("alpha", 5, 40), watch("alpha", "/k", 0, 18, 40), watch("alpha", "/l", 0, 7.9, 40),
				idle("alpha", 17.9, 10)),
			want: record.Passed,
		},
		{
			name: "nor one after its report was due",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), watch("alpha", "/l", 0, 18.3, 40),
				idle("alpha", 28.3, 10)),
			evidence: []string{`said nothing of the watch of /k`},
		},
		{
			name: "nor one that has a fault to silence it where this one has none: the member would have heard of it",
			history: run(lag("alpha", 10, 40), watch("alpha", "/k", 0, 18, 40), watch("alpha", "/l", 17.5, 17.5, 40), ahead,
				idle("alpha", 27.5, 10)),
			evidence: []string{`said nothing of the watch of /k`},
		},
		{
			name:    "closed just in time",
			history: run(watch("alpha", "/k", 0, 18, 28.2)),
			want:    record.Passed,
		},
		{
			name:    "the manager was closed before",
			history: run(watch("alpha", "/k", 0, 39.9, never)),
			want:    record.Passed,
		},
		{
			name:     "the manager was closed after",
			history:  run(watch("alpha", "/k", 0, 39.7, never)),
			evidence: []string{`silent from 39\.700s to 50\.000s`},
		},
		{
			name:    "given up under a fault: another watch has its key",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), watch("alpha", "/k", 24, 49, 50)),
			want:    record.Passed,
		},
		{
			name:     "another key does not count",
			history:  run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), watch("alpha", "/l", 24, 49, 50)),
			evidence: []string{`said nothing of the watch of /k`},
		},
		{
			name:     "nor a watch that was there before the fault",
			history:  run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), watch("alpha", "/k", 19, 49, 50)),
			evidence: []string{`said nothing of the watch of /k`},
		},
		{
			name:     "nor one opened too late",
			history:  run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), watch("alpha", "/k", 28.3, 49, 50)),
			evidence: []string{`said nothing of the watch of /k`},
		},
		{
			name:    "given up under a fault with another error",
			history: run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), other("alpha", 24)),
			want:    record.Passed,
		},
		{
			name:     "an error from before the fault does not count",
			history:  run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), other("alpha", 19.5)),
			evidence: []string{`said nothing of the watch of /k`},
		},
		{
			name:     "nor one from too late",
			history:  run(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40), other("alpha", 28.3)),
			evidence: []string{`said nothing of the watch of /k`},
		},
		{
			name:     "without a fault closing is known, and an error no excuse",
			history:  run(watch("alpha", "/k", 0, 18, 40), other("alpha", 24), watch("alpha", "/k", 24, 49, 50)),
			evidence: []string{`said nothing of the watch of /k`},
		},
		{
			name: "each silence of a row of watches is asked for",
			history: run(dropProgress("alpha", 20, never), watch("alpha", "/k", 0, 18, 28), idle("alpha", 28, 10),
				watch("alpha", "/k", 28.2, 28.2, 45)),
			evidence: []string{`silent from 28\.200s to 45\.000s`},
		},
		{
			name:    "a removed cluster is not asked for",
			history: run(watch("alpha", "/k", 0, 18, 40), tenures("alpha", 0, 28.1)),
			want:    record.Passed,
		},
	})
}
