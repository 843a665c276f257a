package harness

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/record"
)

func TestTheLatenessOfAPathIsThatOfItsWakeupsTogether(t *testing.T) {
	var path lateness
	require.Equal(t, time.Second, path.add(time.Second))
	require.Equal(t, time.Second, path.add(-time.Minute), "nothing is early enough to make up for it")
	require.Equal(t, 3*time.Second, path.add(2*time.Second))
	for range pathLength - 2 {
		path.add(0)
	}
	require.Equal(t, 2*time.Second, path.add(0), "the first is forgotten")
}

// failing is a result in which an oracle found a mistake.
func failing() Result {
	return Result{Outcome: record.Failed, Verdicts: []record.Verdict{{Oracle: "freshness", Outcome: record.Failed, Evidence: "stale"}}}
}

func TestOnlyWhatDidNotPassIsExcusedByAStall(t *testing.T) {
	stalled := &StalledError{Late: 2 * time.Second, Slack: time.Second, At: 3 * time.Second}
	const said = "the machine kept goroutines waiting for 2s, at 3.000s, and the timing in force allows 1s"

	failed := failing()
	failed.excuse(stalled)
	require.Equal(t, record.NotJudged, failed.Outcome)
	require.Equal(t, stalled, failed.Stalled)
	require.Equal(t, said+"; without that, freshness would have failed", failed.Cause)
	require.Empty(t, failed.Failed())

	late := Result{Outcome: record.NotJudged, Cause: "no cluster started"}
	late.excuse(stalled)
	require.Equal(t, stalled, late.Stalled)
	require.Equal(t, "no cluster started ("+said+")", late.Cause)

	for _, r := range []Result{
		{Outcome: record.Passed},
		{Outcome: record.NotAsked, Cause: "no owners"},
		{Outcome: record.NotJudged, Usage: true, Cause: "two members"},
	} {
		before := r
		before.Stalled = stalled
		r.excuse(stalled)
		require.Equal(t, before, r)
	}
}

func TestARunIsRepeatedOnlyWhileTheMachineSpoilsIt(t *testing.T) {
	made := 0
	again := func(results ...*Result) *Result {
		made = 0
		return Repeat(t, func() *Result { made++; return results[made-1] })
	}
	spoilt, judged := &Result{Outcome: record.NotJudged, Stalled: &StalledError{}}, &Result{Outcome: record.Failed}
	require.Equal(t, judged, again(judged))
	require.Equal(t, 1, made)
	require.Equal(t, judged, again(spoilt, judged))
	require.Equal(t, 2, made)
	require.Equal(t, spoilt, again(spoilt, spoilt, spoilt))
	require.Equal(t, 3, made)
	passed := &Result{Outcome: record.Passed, Stalled: &StalledError{}}
	require.Equal(t, passed, again(passed), "it has passed all the same")
}

// In virtual time no wakeup is late.
func TestWithoutSlackNothingIsMeasured(t *testing.T) {
	require.Nil(t, watchStalls(0, nil).stop())
}
