package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

// missing sets which own keys are missing from an instant on.
func missing(cluster string, when float64, keys ...string) event {
	return func(r *record.Record) {
		r.Keys = append(r.Keys, record.Keys{At: at(when), Cluster: cluster, Missing: keys})
	}
}

func foreign(cluster string, when float64, keys ...string) event {
	return func(r *record.Record) {
		r.Keys = append(r.Keys, record.Keys{At: at(when), Cluster: cluster, Foreign: keys})
	}
}

func TestOwnKeysStandAfterTheStart(t *testing.T) {
	check(t, OwnKeys{}, []judgement{
		{name: "no keys", history: run(), want: record.NotAsked, evidence: []string{`^the manager keeps no keys`}},
		{name: "all stand", history: run(missing("alpha", 1)), want: record.Passed, evidence: []string{`^no key was missing$`}},
		{
			name:     "one that never stands",
			history:  run(missing("alpha", 0.1, "/own")),
			evidence: []string{`^alpha: own key /own was missing \(since 0\.100s\) for longer than the 6\.2s allowed \(to stand after the start\); at 6\.200s alpha/m1 led.*worst 50s of 6\.2s allowed at 50\.000s`},
		},
		{
			name:    "one that stands at the start bound",
			history: run(missing("alpha", 0.1, "/own"), missing("alpha", 6.2)),
			want:    record.Passed, evidence: []string{`^worst 6\.2s of 6\.2s`},
		},
		{
			name:     "one that stands after it",
			history:  run(missing("alpha", 0.1, "/own"), missing("alpha", 6.201)),
			evidence: []string{`\(to stand after the start\); at 6\.200s`},
		},
		{
			name:     "the bound counts from the tenure's begin, not from the first complete view",
			history:  run(seen("alpha", 0.5, 0.5, "t", "1"), missing("alpha", 0.1, "/own"), missing("alpha", 7)),
			evidence: []string{`\(to stand after the start\); at 6\.200s`, `worst 7s of 6\.2s`},
		},
		{
			name: "one whose lease is lost before it is seen for the first time",
			history: run(fault("alpha", "LoseLease", 1, 1, record.Allowance{}), func(r *record.Record) { r.Faults[0].Scope.Revokes = true },
				missing("alpha", 0.1, "/own"), missing("alpha", 12.4)),
			want: record.Passed,
		},
		{
			name:     "the same in a later tenure",
			history:  run(tenures("alpha", 0, 10, 20, never), missing("alpha", 1), missing("alpha", 20.5, "/own"), missing("alpha", 27)),
			evidence: []string{`own key /own was missing \(since 20\.500s\) .*\(to stand after the start\); at 26\.200s`},
		},
		{
			name:    "what was missing in one tenure says nothing of the next, which has a first look of its own",
			history: run(tenures("alpha", 0, 10, 20, never), missing("alpha", 1), missing("alpha", 9, "/own"), missing("alpha", 20.5)),
			want:    record.Passed, evidence: []string{`^worst 1s of `},
		},
		{
			name:    "keys that are missing between two tenures are nobody's",
			history: run(tenures("alpha", 0, 10, 20, never), missing("alpha", 1), missing("alpha", 10, "/own"), missing("alpha", 20)),
			want:    record.Passed, evidence: []string{`^no key was missing$`},
		},
		{
			name:    "a quorum that is lost at the start gives the whole bound again",
			history: run(lose("alpha", record.LostQuorum, 0, 20), missing("alpha", 0.1, "/own"), missing("alpha", 34.2)),
			want:    record.Passed, evidence: []string{`^worst 6\.2s of 6\.2s`}, // 20 s + 8 s + 6.2 s
		},
		{
			name:     "and no more",
			history:  run(lose("alpha", record.LostQuorum, 0, 20), missing("alpha", 0.1, "/own"), missing("alpha", 34.3)),
			evidence: []string{`\(to stand after the start\); at 34\.200s`},
		},
	})
}

func TestOwnKeysAreKept(t *testing.T) {
	check(t, OwnKeys{}, []judgement{
		{
			name:    "lost with its lease and back in time",
			history: run(missing("alpha", 1), missing("alpha", 10, "/own"), missing("alpha", 16.2)),
			want:    record.Passed, evidence: []string{`^worst 6\.2s of 6\.2s allowed \(alpha\)$`},
		},
		{
			name:    "not back in time",
			history: run(missing("alpha", 1), missing("alpha", 10, "/own/ttl"), missing("alpha", 17), watch("alpha", "/k", 0, 12, never)),
			evidence: []string{
				`^alpha: own key /own/ttl was missing \(since 10\.000s\) for longer than the 6\.2s allowed \(to stand again after its lease was lost\); at 16\.200s alpha/m1 led, the watch was on alpha/m2; worst 7s of 6\.2s allowed at 17\.000s \(alpha\)$`,
			},
		},
		{
			name:     "missing until the close",
			history:  run(missing("alpha", 1), missing("alpha", 40, "/own")),
			evidence: []string{`at 46\.200s`, `worst 10s of 6\.2s allowed at 50\.000s`},
		},
		{
			name:    "gone after the close",
			history: run(missing("alpha", 1), missing("alpha", 50, "/own")),
			want:    record.Passed, evidence: []string{`^no key was missing$`},
		},
		{
			name:    "each key by itself",
			history: run(missing("alpha", 1), missing("alpha", 10, "/a"), missing("alpha", 13, "/b"), missing("alpha", 18)),
			want:    record.Passed, evidence: []string{`^worst 5s of`},
		},
		{
			name:     "the same key throughout, whatever others do",
			history:  run(missing("alpha", 1), missing("alpha", 10, "/a"), missing("alpha", 13, "/a", "/b"), missing("alpha", 16, "/a"), missing("alpha", 18)),
			evidence: []string{`own key /a was missing`, `worst 8s`},
		},
		{
			name:     "twice at a stretch each is judged by itself",
			history:  run(missing("alpha", 1), missing("alpha", 10, "/a"), missing("alpha", 15), missing("alpha", 16, "/a"), missing("alpha", 23)),
			evidence: []string{`own key /a was missing \(since 16\.000s\) .*at 22\.200s`, `worst 7s`},
		},
		{
			name:     "one that stood when the others did not yet",
			history:  run(missing("alpha", 0.1, "/a"), missing("alpha", 1), missing("alpha", 7, "/b"), missing("alpha", 14)),
			evidence: []string{`own key /b was missing .*\(to stand again after its lease was lost\); at 13\.200s`},
		},
		{
			name:    "while a fault is recovered from does not count",
			history: run(missing("alpha", 1), hang("alpha", 9, 16), missing("alpha", 10, "/own"), missing("alpha", 30.2)),
			want:    record.Passed, evidence: []string{`^worst 6\.2s of 6\.2s allowed`},
		},
		{
			name:     "and after that it does",
			history:  run(missing("alpha", 1), hang("alpha", 9, 15), missing("alpha", 10, "/own"), missing("alpha", 30)),
			evidence: []string{`\(to stand again after its lease was lost\); at 29\.200s`, `worst 7s of 6\.2s`},
		},
		{
			name:     "also under a fault that goes on",
			history:  run(missing("alpha", 1), hang("alpha", 9, never), missing("alpha", 10, "/own")),
			evidence: []string{`\(to stand again after its lease was lost\); at 23\.200s`},
		},
		{
			name:    "out of reach does not count",
			history: run(missing("alpha", 1), lose("alpha", record.LostReach, 9, 30), missing("alpha", 10, "/own"), missing("alpha", 44.2)),
			want:    record.Passed, evidence: []string{`^worst 6\.2s of 6\.2s`},
		},
		{
			name:     "another cluster's fault allows nothing",
			history:  run(missing("alpha", 1), hang("beta", 9, 40), missing("alpha", 10, "/own"), missing("alpha", 17)),
			evidence: []string{`^alpha: .*to stand again`},
		},
		{
			name:     "another cluster's keys are not this one's",
			history:  run(missing("alpha", 10, "/own"), missing("beta", 11), missing("alpha", 30)),
			evidence: []string{`^alpha: .*worst 30s`},
		},
		{
			name:     "a foreign key gone for an instant",
			history:  run(foreign("beta", 55, "/theirs"), foreign("beta", 55.1)),
			evidence: []string{`^beta: key /theirs, which is not the manager's, was gone at 55\.000s, after Close was called at 50\.000s; at 55\.000s beta/m1 led`},
		},
	})
}

// The lease lives 6 s, the harness looks once in an election timeout of 0.9 s, calm is 0.2 s, and the start may take until 6.2 s.
func TestNoLeaseLapsesWhileNothingIsWrong(t *testing.T) {
	slack := func(r *record.Record) { r.Timing.Slack = at(0.1) }
	check(t, OwnKeys{}, []judgement{
		{
			name:    "gone after more than the TTL",
			history: run(missing("alpha", 1), missing("alpha", 13.3, "/own"), missing("alpha", 14)),
			evidence: []string{
				`^alpha: own key /own disappeared at 13\.300s, after more than its lease of 6s in which nothing was wrong: the lease was not refreshed in time; at 13\.300s`,
			},
		},
		{name: "gone before that", history: run(missing("alpha", 1), missing("alpha", 13.299, "/own"), missing("alpha", 14)), want: record.Passed},
		{name: "after a fault", history: run(missing("alpha", 1), hang("alpha", 9, 15), missing("alpha", 30, "/own"), missing("alpha", 31)), want: record.Passed},
		{
			name:     "after one of another cluster",
			history:  run(missing("alpha", 1), hang("beta", 9, 15), missing("alpha", 20, "/own"), missing("alpha", 21)),
			evidence: []string{`own key /own disappeared at 20\.000s`},
		},
		{name: "where the machine may stall", history: run(slack, missing("alpha", 1), missing("alpha", 20, "/own"), missing("alpha", 21)), want: record.Passed},
	})
}

// The harness looks once in an election timeout, 0.9 s here, so what is deleted at the end of a Close is found missing up to that and calm later.
func TestNoOwnKeyIsDeletedByAnotherManagerThatCloses(t *testing.T) {
	closing := func(manager int, from, to float64) event {
		return func(r *record.Record) {
			r.Closings = append(r.Closings, record.Closing{Manager: manager, From: at(from), To: at(to)})
		}
	}
	revoked := func(when float64) event {
		return all(fault("alpha", "LoseLease", when, when, record.Allowance{}), func(r *record.Record) {
			r.Faults[len(r.Faults)-1].Scope.Revokes = true
		})
	}
	check(t, OwnKeys{}, []judgement{
		{
			name:     "gone while another closed",
			history:  run(missing("alpha", 1), closing(2, 20, 20.5), missing("alpha", 20.2, "/own"), missing("alpha", 21)),
			evidence: []string{`^alpha: own key /own was gone at 20\.200s, when manager 2 had closed \(from 20\.000s to 20\.500s\); at 20\.200s alpha/m1 led`},
		},
		{name: "found at the next look", history: run(missing("alpha", 1), closing(2, 20, 20.5), missing("alpha", 21.6, "/own"), missing("alpha", 22)), evidence: []string{`manager 2 had closed`}},
		{name: "long after", history: run(missing("alpha", 1), closing(2, 8, 8.5), missing("alpha", 9.601, "/own"), missing("alpha", 10)), want: record.Passed},
		{
			name: "just after its lease was revoked", want: record.Passed,
			history: run(missing("alpha", 1), revoked(19.9), closing(2, 20, 20.5), missing("alpha", 20.2, "/own"), missing("alpha", 21)),
		},
		{
			name:     "long after a lease was revoked",
			history:  run(missing("alpha", 1), revoked(5), closing(2, 20, 20.5), missing("alpha", 20.2, "/own"), missing("alpha", 21)),
			evidence: []string{`manager 2 had closed`},
		},
		{name: "before", history: run(missing("alpha", 1), closing(2, 8, 8.5), missing("alpha", 8, "/own"), missing("alpha", 10)), want: record.Passed},
		{name: "before it was written for the first time", history: run(closing(2, 0.5, 1.5), missing("alpha", 1, "/own"), missing("alpha", 3)), want: record.Passed},
		{
			name:    "while anything may happen",
			history: run(missing("alpha", 1), hang("alpha", 19, 25), closing(2, 20, 20.5), missing("alpha", 20.2, "/own"), missing("alpha", 21)), want: record.Passed,
		},
	})
}
