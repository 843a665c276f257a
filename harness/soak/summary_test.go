package soak

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/oracle"
	"github.com/stormwatch/stormwatch/harness/record"
)

// tallyOf adds up lines, in their order and in the reverse one, and requires the same of both.
func tallyOf(t *testing.T, lines ...Line) *Summary {
	t.Helper()
	forth, back := newTally(), newTally()
	for i := range lines {
		require.NoError(t, forth.add("here", lines[i]))
		require.NoError(t, back.add("here", lines[len(lines)-1-i]))
	}
	require.Equal(t, forth.summary(), back.summary())
	return forth.summary()
}

func failing(seed uint64, oracle string, explained ...Explained) Line {
	return Line{
		Seed: seed, Outcome: record.Failed, Failed: []Failure{{oracle, fmt.Sprintf("evidence %d\nmore", seed)}}, Explained: explained,
		Digest: fmt.Sprint(seed), Again: fmt.Sprintf("try %d", seed), Virtual: 1_800_000,
	}
}

func TestQuantilesOfRecoveries(t *testing.T) {
	var lines []Line
	for i := range uint64(200) { // 10, 20, … 2000 ms, in an order that is not theirs
		took := float64((i*73%200)+1) * 10
		lines = append(lines, Line{Seed: i, Outcome: record.Passed, Recoveries: []Recovery{
			{Fault: "Kill", Took: took, Allowance: 4000}, {Fault: "Kill", Healed: true, Took: 2 * took, Allowance: 5000},
		}})
	}
	lines = append(lines, Line{Seed: 1000, Outcome: record.Passed, Recoveries: []Recovery{{Fault: "Freeze", Took: 30, Allowance: 60}, {Fault: "Freeze", Took: -1, Allowance: 90}}})
	s := tallyOf(t, lines...)
	at := func(f float64) *float64 { return &f }
	require.Equal(t, []FaultRecovery{
		{Fault: "Freeze", N: 2, Late: 1, P50: at(30), P90: nil, P99: nil, Max: nil, Allowance: 90, Used: 0.5},
		{Fault: "Kill", N: 200, P50: at(1000), P90: at(1800), P99: at(1980), Max: at(2000), Allowance: 4000, Used: 0.5},
		{Fault: "Kill, healed", N: 200, P50: at(2000), P90: at(3600), P99: at(3960), Max: at(4000), Allowance: 5000, Used: 0.8},
	}, s.Recoveries)
}

func TestBoundsThatAreNeverApproachedAreNamed(t *testing.T) {
	line := func(seed uint64, calm, start float64) Line {
		return Line{Seed: seed, Outcome: record.Passed, Margins: []oracle.Margin{{Bound: "calm", Used: calm}, {Bound: "start", Used: start}}}
	}
	s := tallyOf(t, line(1, 0.1, 0.3), line(2, 0.5, 0.499), line(3, 0.2, 0.1))
	require.Equal(t, []BoundUse{{Bound: "calm", N: 3, P50: 0.2, Max: 0.5, Approached: true}, {Bound: "start", N: 3, P50: 0.3, Max: 0.499}}, s.Bounds)
	var text bytes.Buffer
	s.Print(&text)
	require.Regexp(t, `(?m)^calm +3 +20 % +50 % *$`, text.String())
	require.Regexp(t, `(?m)^start +3 +30 % +49 % +never approached$`, text.String())
}

func TestFailuresAreGroupedByOracleAndCause(t *testing.T) {
	kind := func(oracle, kind string, seed int) Explained {
		return Explained{Oracle: oracle, Kind: kind, Text: fmt.Sprintf("cause %d", seed), File: fmt.Sprintf("failures/%d.txt", seed)}
	}
	s := tallyOf(t,
		failing(7, "freshness", kind("freshness", "HangDisk on the leader", 7)),
		failing(3, "freshness", kind("freshness", "HangDisk on the leader", 3)),
		failing(4, "freshness", kind("freshness", "Freeze", 4)),
		failing(5, "freshness"), failing(6, "freshness"), // explained elsewhere in their islands
		failing(8, "honesty"), failing(9, "honesty"), // nothing was explained
		failing(2, "leaks", Explained{Oracle: "leaks", Problem: "run again, it does not fail"}),
	)
	require.Equal(t, Outcomes{Failed: 8}, s.Outcomes)
	require.Equal(t, []Group{
		{
			Key: "freshness: HangDisk on the leader", Oracle: "freshness", Kind: "HangDisk on the leader", Count: 2, Seed: 3, Evidence: "evidence 3", Cause: "cause 3",
			File: "failures/3.txt", Again: "try 3",
		},
		{Key: "honesty", Oracle: "honesty", Count: 2, Seed: 8, Evidence: "evidence 8", Again: "try 8"},
		{
			Key: "freshness: Freeze", Oracle: "freshness", Kind: "Freeze", Count: 1, Seed: 4, Evidence: "evidence 4", Cause: "cause 4", File: "failures/4.txt",
			Again: "try 4",
		},
		{
			Key: "leaks: no cause found", Oracle: "leaks", Kind: "no cause found", Count: 1, Seed: 2, Evidence: "evidence 2",
			Cause: "none was found: run again, it does not fail", Again: "try 2",
		},
	}, s.Failures)
	require.Equal(t, []Unexplained{{"freshness", 2}}, s.Unexplained)
}

func TestARunThatFailsTwoOraclesIsInTwoGroups(t *testing.T) {
	l := failing(1, "freshness")
	l.Failed = append(l.Failed, Failure{"honesty", "lies"}, Failure{"freshness", "of another cluster"})
	s := tallyOf(t, l)
	require.Equal(t, Outcomes{Failed: 1}, s.Outcomes)
	require.Len(t, s.Failures, 2)
	require.Equal(t, 1, s.Failures[0].Count)
}

func TestFailuresAreNewKnownOrGone(t *testing.T) {
	known, err := ReadKnown(strings.NewReader("# since last week\n\n  freshness: Freeze  \nhonesty: Kill\nhonesty: Kill\n"))
	require.NoError(t, err)
	s := tallyOf(t, failing(1, "freshness", Explained{Oracle: "freshness", Kind: "Freeze"}), failing(2, "leaks", Explained{Oracle: "leaks", Kind: "Kill"}), failing(3, "leaks"))
	require.Empty(t, s.Failures[0].Status)
	require.Nil(t, s.Gone)
	s.Compare(known)
	require.Equal(t, []string{"leaks: Kill"}, s.New())
	require.Equal(t, []Status{Known, New}, []Status{s.Failures[0].Status, s.Failures[1].Status})
	require.Equal(t, []string{"honesty: Kill"}, s.Gone)
	var text, markdown bytes.Buffer
	s.Print(&text)
	require.Contains(t, text.String(), "new: FAILED leaks: Kill: 1 run, first with seed 2\n  evidence: evidence 2\n  again: try 2\n")
	require.Contains(t, text.String(), "known: FAILED freshness: Freeze: 1 run, first with seed 1\n")
	require.Contains(t, text.String(), "1 further failure of leaks, whose cause was not looked for\n")
	require.Contains(t, text.String(), "gone: honesty: Kill\n")
	s.Markdown(&markdown)
	require.Contains(t, markdown.String(), "### new: leaks: Kill\n\n1 run, first with seed 2: evidence 2\n\n    try 2\n")
	require.Contains(t, markdown.String(), "### Gone\n\n- honesty: Kill\n")
}

func TestMarkdownSaysWhatWasSaidAndNothingElse(t *testing.T) {
	l := failing(1, "freshness")
	l.Failed[0].Evidence = "<script> *x* `y` [z](u) a_b & |"
	s := tallyOf(t, l, Line{Seed: 2, Outcome: record.Passed, Margins: []oracle.Margin{{Bound: "calm", Used: 0.25}}})
	s.Manager, s.Engine = "mine", "virtual"
	var text bytes.Buffer
	s.Markdown(&text)
	require.Contains(t, text.String(), "## Soak of mine on virtual\n\n2 schedules in 0.5 virtual hours")
	require.Contains(t, text.String(), `&lt;script&gt; \*x\* \`+"`y\\`"+` \[z\](u) a\_b &amp; |`)
	require.Contains(t, text.String(), "| bound | n | p50 | max |  |\n| --- | --- | --- | --- | --- |\n| calm | 1 | 25 % | 25 % | never approached |\n")
}

func TestRunsThatSayNothingAreCountedByTheirCause(t *testing.T) {
	line := func(seed uint64, outcome record.Outcome, cause string) Line {
		return Line{Seed: seed, Outcome: outcome, Cause: cause, Again: fmt.Sprintf("try %d", seed)}
	}
	s := tallyOf(t, line(9, record.NotJudged, "it died\ngoroutine 1"), line(4, record.NotJudged, "it died\ngoroutine 7"), line(2, record.NotAsked, "no such fault"))
	require.Equal(t, []Unjudged{{"it died", 2, 4, "try 4"}, {"no such fault", 1, 2, "try 2"}}, s.Unjudged)
	require.Equal(t, Outcomes{NotJudged: 2, NotAsked: 1}, s.Outcomes)
}

func TestASeedThatComesTwiceCountsOnceAndMustNotDiffer(t *testing.T) {
	once := Line{Seed: 17, Outcome: record.Passed, Digest: "aa", Fresh: []string{"x"}, Recoveries: []Recovery{{Fault: "Kill", Took: 1, Allowance: 2}}}
	require.Equal(t, tallyOf(t, once), tallyOf(t, once, once))
	other := once
	other.Digest = "bb"
	y := newTally()
	require.NoError(t, y.add("shard-0", once))
	require.EqualError(t, y.add("shard-1", other), "seed 17 has two runs that differ: digest aa in shard-0, bb in shard-1; only a replay build gives the same each time")
}

func TestWhatIsMissingFromASoakIsSaid(t *testing.T) {
	shard := func(i int, last uint64) string {
		c := aSoak(t.TempDir())
		c.Last, c.Shard = last, Shard{i, 4}
		require.NoError(t, Run(t.Context(), c))
		return c.Dir
	}
	_, notes, err := Merge(shard(0, 40), shard(3, 40))
	require.NoError(t, err)
	require.Equal(t, []string{"shard 1/4 is missing", "shard 2/4 is missing"}, notes)
}
