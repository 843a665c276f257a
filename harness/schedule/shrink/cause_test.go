package shrink

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// searchFor makes the search for the cause of a schedule that is bad.
func searchFor(t *testing.T, text string, bad func(schedule.Schedule) bool) *search {
	t.Helper()
	s := parse(t, text)
	require.True(t, bad(s))
	try := pure(bad)
	r, err := try(t.Context(), s)
	require.NoError(t, err)
	return &search{Shrinker: Shrinker{Try: try, AtOnce: 1}, ctx: t.Context(), oracle: oracle, known: map[string]*outcome{}, best: s, result: r}
}

// lastsFor says for how long a step lasts.
func lastsFor(s schedule.Schedule, action string) time.Duration {
	found, ok := step(s, action)
	if !ok {
		return 0
	}
	return end(found, s.End()) - found.At
}

func TestTheCauseIsTheEarliestInstantFromWhichHealingDoesNotHelp(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		bad  func(schedule.Schedule) bool
		want time.Duration
	}{
		"a fault for long enough": {
			"cluster alpha 3; 5s for 30s HangDisk(alpha/m1); until 1m",
			func(s schedule.Schedule) bool { return lastsFor(s, "HangDisk(alpha/m1)") >= 7300*time.Millisecond },
			12300 * time.Millisecond,
		},
		"a fault without an end": {
			"cluster alpha 3; 5s HangDisk(alpha/m1); until 1m",
			func(s schedule.Schedule) bool { return lastsFor(s, "HangDisk(alpha/m1)") >= 40*time.Second },
			45 * time.Second,
		},
		"the first moment of a fault": {
			"cluster alpha 3; 5s for 30s HangDisk(alpha/m1)",
			func(s schedule.Schedule) bool { return lastsFor(s, "HangDisk(alpha/m1)") > 0 },
			5 * time.Second,
		},
		"what cannot be healed": {
			"cluster alpha 3; 5s for 3s Reset(alpha/m1); 20s Compact(alpha)",
			func(s schedule.Schedule) bool { return len(s.Steps) == 2 },
			20 * time.Second,
		},
		"a reload stays, and the fault before it does not matter any more": {
			"cluster alpha 3; cluster beta 3; 5s for 3s Reset(alpha/m1); 20s Apply(alpha); 30s for 20s Freeze(beta/m1)",
			func(s schedule.Schedule) bool { _, applied := step(s, "Apply(alpha)"); return applied },
			20 * time.Second,
		},
		"a heal in the middle of the fault would help, one soon after its begin would not, and one late neither": {
			"cluster alpha 3; 5s for 30s HangDisk(alpha/m1); 25s for 1s Reset(alpha/m1)",
			func(s schedule.Schedule) bool {
				d := lastsFor(s, "HangDisk(alpha/m1)")
				return d > 0 && d < 2*time.Second || d > 21*time.Second
			},
			26 * time.Second,
		},
		"only the end of the run counts": {
			"cluster alpha 3; 5s for 30s HangDisk(alpha/m1); until 40s",
			func(s schedule.Schedule) bool {
				return lastsFor(s, "HangDisk(alpha/m1)") == 30*time.Second && s.End() == 40*time.Second
			},
			35 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := searchFor(t, c.text, c.bad)
			cause := x.cause()
			require.InDelta(t, c.want.Seconds(), cause.From.Seconds(), precision.Seconds())
			require.True(t, c.bad(healedAt(x.best, cause.From)))
			require.False(t, c.bad(healedAt(x.best, cause.From-precision)))
			require.Contains(t, cause.Text, " on (")
			require.Less(t, x.tries, 20)
		})
	}
}

func TestAFailureThatNeedsNoFaultSaysSo(t *testing.T) {
	x := searchFor(t, "cluster alpha 3; until 1m", func(schedule.Schedule) bool { return true })
	require.Equal(t, Cause{Text: "No healing prevents it: the failure needs no fault.", Kind: "no fault"}, x.cause())
	x = searchFor(t, "cluster alpha 3; 5s for 3s Reset(alpha/m1)", func(schedule.Schedule) bool { return true })
	require.Equal(t, Cause{Text: "No healing prevents it: it happens without any of the steps.", Kind: "no fault"}, x.cause())
}

func TestHealingEndsWhatLastsAndKeepsWhatCannotBeUndone(t *testing.T) {
	s := parse(t, "cluster alpha 3; cluster beta 3; watch alpha/m1; 5s for 30s HangDisk(alpha/m1); 6s for 1s Reset(beta/m1); 7s Apply(alpha); 8s Compact(alpha); "+
		"9s Freeze(beta/m1); 10s Rest(alpha); 20s Kill(beta/m2); until 1m")
	require.Equal(t, "cluster alpha 3; cluster beta 3; watch alpha/m1; 5s for 15s HangDisk(alpha/m1); 6s for 1s Reset(beta/m1); 7s Apply(alpha); 8s Compact(alpha); "+
		"9s for 11s Freeze(beta/m1); 10s for 10s Rest(alpha); until 1m", healedAt(s, 20*time.Second).Line())
}

// run makes the record of a run in which m2 led alpha from 0 s and m1 from 9 s on, the watch was on m2 and from 12 s on on m3, with faults.
func run(faults ...record.Fault) *record.Record {
	rec := record.Empty()
	rec.ManagerReady = time.Second
	rec.Clusters = []record.Cluster{{Name: "alpha", Members: []string{"m1", "m2", "m3"}}, {Name: "beta", Members: []string{"m1"}}}
	rec.Leaders = []record.Leader{{Cluster: "alpha", Member: "m2"}, {At: 9 * time.Second, Cluster: "alpha", Member: "m1"}, {Cluster: "beta", Member: "m1"}}
	rec.Watches = []record.Watch{
		{Cluster: "alpha", Member: "m2", Closed: 12 * time.Second}, {Cluster: "alpha", Member: "m3", Opened: 12 * time.Second, Closed: -1},
	}
	rec.Faults = faults
	return rec
}

func during(text, cluster string, from, to time.Duration) record.Fault {
	return record.Fault{Text: text, Scope: record.Scope{Cluster: cluster}, From: from * time.Second, To: to * time.Second}
}

func TestACauseIsSaidInOneSentenceAndHasAKind(t *testing.T) {
	const start = "cluster alpha 3; cluster beta 1; "
	for name, c := range map[string]struct {
		steps      string
		faults     []record.Fault
		from       time.Duration
		text, kind string
	}{
		"in force": {
			"5s for 30s HangDisk(alpha/leader)",
			[]record.Fault{during("HangDisk(alpha/m2)", "alpha", 6, 36)},
			12300 * time.Millisecond,
			"From 12.3s on (13.300s in the transcript) healing everything no longer prevents it: alpha/m1 led, the watch was on alpha/m3, HangDisk(alpha/m2) in force for 7.3s.",
			"HangDisk on the watched leader",
		},
		"two, in two clusters, and a third that is over": {
			"2s for 1s Reset(alpha/m3); 10s for 30s Freeze(alpha/m3); 11s Kill(beta/m1)",
			[]record.Fault{during("Reset(alpha/m3)", "alpha", 3, 4), during("Freeze(alpha/m3)", "alpha", 11, 41), during("Kill(beta/m1)", "beta", 12, -1)},
			13 * time.Second,
			"From 13.0s on (14.000s in the transcript) healing everything no longer prevents it: alpha/m1 led, the watch was on alpha/m3, beta/m1 led, no watch was open, " +
				"Freeze(alpha/m3) in force for 3.0s, Kill(beta/m1) in force for 2.0s.",
			"Freeze on a follower and Kill on the only member",
		},
		"just begun, and healed at that instant": {
			"5s for 1s Partition([alpha/m2 alpha/m1], [alpha/m3])",
			[]record.Fault{during("Partition([alpha/m2 alpha/m1], [alpha/m3])", "alpha", 6, 7)},
			5*time.Second + moment,
			"From 5.0s on (6.001s in the transcript) healing everything no longer prevents it: alpha/m2 led, the watch was on alpha/m2, " +
				"Partition([alpha/m2 alpha/m1], [alpha/m3]) just begun.",
			"Partition of a follower, the watched leader",
		},
		"over": {
			"5s for 1s SlowDisk(alpha/m1, 50ms); 7s Compact(alpha)",
			[]record.Fault{during("SlowDisk(alpha/m1, 50ms)", "alpha", 6, 7), during("Compact(alpha)", "alpha", 8, 8)},
			9 * time.Second,
			"From 9.0s on (10.000s in the transcript) healing everything no longer prevents it: alpha/m1 led, the watch was on alpha/m2, Compact(alpha) 2.0s before.",
			"after Compact",
		},
		"two that have just begun, of which one is over at once": {
			"5s for 1s Reset(alpha/m2); 5s Compact(alpha)",
			[]record.Fault{during("Reset(alpha/m2)", "alpha", 6, 7), during("Compact(alpha)", "alpha", 6, 6)},
			5*time.Second + moment,
			"From 5.0s on (6.001s in the transcript) healing everything no longer prevents it: alpha/m2 led, the watch was on alpha/m2, " +
				"Reset(alpha/m2) just begun, Compact(alpha) just begun.",
			"Reset on the watched leader and Compact",
		},
		"a reload": {
			"5s Apply(beta)", nil, 5*time.Second + moment,
			"From 5.0s on (6.001s in the transcript) healing everything no longer prevents it: alpha/m2 led, the watch was on alpha/m2, Apply(beta) just begun.",
			"a reload that removes a cluster",
		},
		"a second reload": {
			"5s Apply(beta); 7s Apply(alpha, beta)", nil, 9 * time.Second,
			"From 9.0s on (10.000s in the transcript) healing everything no longer prevents it: alpha/m1 led, the watch was on alpha/m2, Apply(alpha, beta) 2.0s before.",
			"after a reload that adds a cluster",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := pure(func(schedule.Schedule) bool { return true })(t.Context(), schedule.Schedule{})
			require.NoError(t, err)
			r.Record = run(c.faults...)
			cause := explain(parse(t, start+c.steps), r, c.from)
			require.Equal(t, c.text, cause.Text)
			require.Equal(t, c.kind, cause.Kind)
		})
	}
}
