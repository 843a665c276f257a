package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

// The last answer is at 18 s, so that a report is due from 28 s to 28.2 s.
func TestIdleTimeoutIncludesItsEdges(t *testing.T) {
	silent := all(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40))
	check(t, IdleTimeout{}, []judgement{
		{name: "said at the last instant", history: run(silent, idle("alpha", 28.2, 10)), want: record.Passed},
		{name: "replaced at the last instant", history: run(silent, watch("alpha", "/k", 28.2, 49, 50)), want: record.Passed},
		{name: "not replaced when the fault began", history: run(silent, watch("alpha", "/k", 20, 49, 50))},
		{name: "another error at the last instant", history: run(silent, other("alpha", 28.2)), want: record.Passed},
		{name: "none from when the fault began", history: run(silent, other("alpha", 20))},
		{name: "a sibling's report at the last instant", history: run(silent, watch("alpha", "/l", 0, 18.2, 40), idle("alpha", 28.2, 10)), want: record.Passed},
		{
			name:    "of several faults the first counts",
			history: run(silent, dropProgress("alpha", 25, 40), watch("alpha", "/k", 22, 49, 50)),
			want:    record.Passed,
		},
		{
			name:    "a fault that was healed when the watch fell silent",
			history: run(dropProgress("alpha", 10, 18), watch("alpha", "/k", 0, 18, 28.1), idle("alpha", 28.1, 10)),
			want:    record.Passed,
		},
		{
			name:    "a fault that begins with the report",
			history: run(dropProgress("alpha", 28.1, 40), watch("alpha", "/k", 0, 18, 28.1), idle("alpha", 28.1, 10)),
			want:    record.Passed,
		},
	})
}

// From 20 s to 22 s answers may not arrive. Silences shorter than half a timeout are not on record, so a report may come from 24.9 s to 32.2 s.
func TestIdleTimeoutDoubtsIncludeTheirEdges(t *testing.T) {
	answers := func(closed float64) event {
		return all(dropProgress("alpha", 20, 22), watch("alpha", "/k", 0, 49, closed))
	}
	check(t, IdleTimeout{}, []judgement{
		{name: "the first instant", history: run(answers(50), idle("alpha", 24.9, 10)), want: record.Passed},
		{name: "before it", history: run(answers(50), idle("alpha", 24.899, 10))},
		{name: "the last instant", history: run(answers(50), idle("alpha", 32.2, 10)), want: record.Passed},
		{name: "after it", history: run(answers(50), idle("alpha", 32.201, 10))},
		{
			name:    "a watch that was closed after the fault",
			history: run(dropProgress("alpha", 20, 22), watch("alpha", "/k", 0, 30, 30), idle("alpha", 30.5, 10)),
			want:    record.Passed,
		},
		{
			name:     "the watch that comes nearest is named",
			history:  run(watch("alpha", "/k", 0, 18, 24), watch("alpha", "/l", 0, 14, 23), watch("alpha", "/m", 0, 17, 24), idle("alpha", 23, 10)),
			evidence: []string{`early: the watch of /l on alpha/m2 had answered 9s before`},
		},
	})
}

// From 15 s to 25 s everything that the member sends to clients is 400 ms late. The last answer was sent at 18 s, so a report is due from 28 s
// to 28.6 s.
func TestIdleTimeoutCountsFromWhenAnAnswerArrived(t *testing.T) {
	late := func(r *record.Record) {
		scope := &r.Faults[len(r.Faults)-1].Scope
		scope.Members, scope.Late = []string{"m2"}, at(0.4)
	}
	silent := all(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 18, 40))
	check(t, IdleTimeout{}, []judgement{
		{name: "the last instant", history: run(fault("alpha", "DelayClients", 15, 25, record.Allowance{}), late, silent, idle("alpha", 28.6, 10)), want: record.Passed},
		{name: "after it", history: run(fault("alpha", "DelayClients", 15, 25, record.Allowance{}), late, silent, idle("alpha", 28.601, 10))},
		{name: "healed before", history: run(fault("alpha", "DelayClients", 15, 17.9, record.Allowance{}), late, silent, idle("alpha", 28.6, 10))},
	})
}

// The last answer was sent at 18 s, just before a fault that may have held it back until 20 s. So a report may come until 30.2 s.
func TestIdleTimeoutCountsFromTheEndOfAFaultThatHeldTheLastAnswerBack(t *testing.T) {
	held := func(from, to, closed float64) *record.Record {
		return run(dropProgress("alpha", from, to), watch("alpha", "/k", 0, 18, closed))
	}
	check(t, IdleTimeout{}, []judgement{
		{name: "the last instant", history: held(18.05, 20, 30.2), want: record.Passed},
		{name: "after it", history: held(18.05, 20, 30.201)},
		{name: "the answer came before the fault", history: held(18.2, 20, 30.2)},
		{name: "the fault lasts until the report is due", history: held(18.05, 28, 28.201)},
	})
}

// While a fault holds back what the member sends, that is not on record. It arrives when the fault ends.
func TestIdleTimeoutCountsFromTheEndOfAFaultThatHeldLaterAnswersBack(t *testing.T) {
	held := func(last, from, reported float64) *record.Record {
		unreachable := func(r *record.Record) { r.Faults[0].Scope.Unreachable = []string{"m2"} }
		return run(dropProgress("alpha", from, 20), unreachable, watch("alpha", "/k", 0, last, 40), idle("alpha", reported, 10))
	}
	check(t, IdleTimeout{}, []judgement{
		{name: "the last instant", history: held(18, 18.5, 30.2), want: record.Passed},
		{name: "after it", history: held(18, 18.5, 30.201)},
		{name: "the member had sent nothing for long", history: held(13, 18.5, 30.2)},
	})
}

// Until 20 s everything that the member sends to clients is 2 s late, so what it sent from 17.9 s on may be lost when a fault begins at 20 s.
func TestIdleTimeoutDoubtsAnswersThatWereOnTheirWay(t *testing.T) {
	late := func(r *record.Record) {
		scope := &r.Faults[len(r.Faults)-1].Scope
		scope.Members, scope.Late = []string{"m2"}, at(2)
	}
	slow := all(fault("alpha", "DelayClients", 10, 20, record.Allowance{}), late)
	lost := all(dropProgress("alpha", 20, 40), watch("alpha", "/k", 0, 19.5, 40))
	check(t, IdleTimeout{}, []judgement{
		{name: "the first instant", history: run(slow, lost, idle("alpha", 22.9, 10), idle("alpha", 30, 10)), want: record.Passed},
		{name: "before it", history: run(slow, lost, idle("alpha", 22.899, 10), idle("alpha", 30, 10))},
		{name: "without the delay", history: run(lost, idle("alpha", 22.9, 10), idle("alpha", 30, 10))},
	})
}

// The manager is not asked to show that it heard an event, but an event that was sent while only requests are lost has arrived.
func TestAnEventCountsWhileOnlyProgressRequestsAreLost(t *testing.T) {
	unasked := func(r *record.Record) {
		scope := &r.Faults[len(r.Faults)-1].Scope
		scope.Silenced, scope.Unasked = nil, []string{"m2"}
	}
	check(t, IdleTimeout{}, []judgement{
		{name: "a silent watch is reported", history: run(dropProgress("alpha", 20, 40), unasked, watch("alpha", "/k", 0, 18, 28.1), idle("alpha", 28.1, 10)), want: record.Passed},
		{
			name:     "a watch with events is reported",
			history:  run(dropProgress("alpha", 20, 40), unasked, watch("alpha", "/k", 0, 28, 28.1), idle("alpha", 28.1, 10)),
			evidence: []string{"early: the watch of /k on alpha/m2 had answered"},
		},
	})
}
