package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnExplanationIsMadeOfTheScenariosTextAndItsRuns(t *testing.T) {
	c := call(t.Context(), "explain", "hung-leader", "--managers", "polling,watching")
	require.Equal(t, exitPassed, c.code, c.stdout+c.stderr)
	require.Contains(t, c.stdout, "# hung-leader\n")
	require.Regexp(t, `- at \d+\.\d+s HangDisk\(alpha/m\d\), until .*; the view must be fresh again within \S+ \(hung leader: 4.4s for an election, `, c.stdout)
	require.Regexp(t, `- \*\*polling\*\* \(.*\) passed: `, c.stdout)
	require.Regexp(t, `- \*\*watching\*\* \(.*\) failed, freshness: alpha: `, c.stdout)
	require.Regexp(t, `run hung-leader --transcript --manager watching`, c.stdout)
}

func TestAScenarioWithoutAFaultIsExplainedByTheCalmBound(t *testing.T) {
	c := call(t.Context(), "explain", "calm", "--managers", "watching")
	require.Equal(t, exitPassed, c.code, c.stdout+c.stderr)
	require.Contains(t, c.stdout, "There is no fault, so the view may never be older than 150ms: 100ms for an event to reach the manager, 50ms until the harness looks.")
}

func TestAnExplanationIsAskedForRightly(t *testing.T) {
	for _, wrong := range []struct {
		args []string
		says string
	}{
		{[]string{"explain"}, "name a scenario to explain, see list, or use --all"},
		{[]string{"explain", "calm", "--all"}, "name none besides"},
		{[]string{"explain", "clam"}, "calm"},
		{[]string{"explain", "calm", "--managers", "wathcing"}, "watching"},
	} {
		c := call(t.Context(), wrong.args...)
		require.Equal(t, exitUsage, c.code, c.stdout)
		require.Contains(t, c.stderr, wrong.says)
	}
}

func TestAnExplanationOfARunThatCannotBeMadeIsNoSuccess(t *testing.T) {
	c := call(t.Context(), "explain", "calm", "--managers", "dying")
	require.Equal(t, exitNotJudged, c.code, c.stdout)
	require.Contains(t, c.stderr, "could not be judged")
}
