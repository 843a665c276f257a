package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnExplanationIsMadeOfTheScenariosTextAndItsRuns(t *testing.T) {
	c := call(t.Context(), "explain", "hung-leader", "--managers", "polling,watching")
	require.Equal(t, exitPassed, c.code, c.stdout+c.stderr)
	require.Contains(t, c.stdout, "# hung-leader\n")
	require.Contains(t, c.stdout, "**Where it happened:** May 2026.\n")
	require.Contains(t, c.stdout, "**Before it begins:** there is a cluster, `alpha`, of 3 members.")
	require.Contains(t, c.stdout, "1. `HangDisk(alpha/leader)`: the member's disk completes no write, and its raft loop stands still with it.\n")
	require.Regexp(t, "When `HangDisk` begins, and again when it is over, the view of its cluster must be fresh within \\*\\*\\S+\\*\\* \\(hung leader\\):\n", c.stdout)
	require.Contains(t, c.stdout, "\n| an election | 4.4s |\n")
	require.Regexp(t, `- \*\*polling\*\* \(.*\) passed: `, c.stdout)
	require.Regexp(t, `- \*\*watching\*\* \(.*\) failed, freshness: alpha: `, c.stdout)
	require.Regexp(t, `run hung-leader --transcript --manager watching`, c.stdout)
}

func TestAScenarioWithoutAFaultIsExplainedByTheCalmBound(t *testing.T) {
	c := call(t.Context(), "explain", "calm", "--managers", "watching")
	require.Equal(t, exitPassed, c.code, c.stdout+c.stderr)
	require.Contains(t, c.stdout, "The clusters have no fault.")
	require.Contains(t, c.stdout, "a view may lag behind by **150ms**: 100ms for an event to reach the manager, 50ms until the harness looks.")
}

func TestPagesSayTheSameEachTimeAndHowManagersFared(t *testing.T) {
	dir := t.TempDir()
	results := filepath.Join(dir, "matrix.json")
	c := call(t.Context(), "matrix", "--scenario", "calm,hung-leader", "--manager", "polling,watching", "--json", results)
	require.Equal(t, exitPassed, c.code, c.stdout+c.stderr)
	var pages [2]string
	for i := range pages {
		c = call(t.Context(), "explain", "calm", "hung-leader", "--dir", filepath.Join(dir, "pages"), "--results", results)
		require.Equal(t, exitPassed, c.code, c.stdout+c.stderr)
		page, err := os.ReadFile(filepath.Join(dir, "pages", "hung-leader.md"))
		require.NoError(t, err)
		pages[i] = string(page)
	}
	require.Equal(t, pages[0], pages[1])
	require.Contains(t, pages[0], "passed: `polling`.\n")
	require.Contains(t, pages[0], "- `watching`, by *freshness*. A read and a watch.\n")
	index, err := os.ReadFile(filepath.Join(dir, "pages", "README.md"))
	require.NoError(t, err)
	require.Contains(t, string(index), "| [hung-leader](hung-leader.md) | The leader's disk hangs. | May 2026 |\n")
}

func TestAnExplanationIsAskedForRightly(t *testing.T) {
	for _, wrong := range []struct {
		args []string
		says string
	}{
		{[]string{"explain"}, "name a scenario to explain, see list, or use --all"},
		{[]string{"explain", "calm", "--all"}, "name none besides"},
		{[]string{"explain", "clam"}, "calm"},
		{[]string{"explain", "calm", "--results", "matrix.json"}, "name their directory with --dir"},
		{[]string{"explain", "calm", "--dir", "pages", "--results", "no-such-file"}, "no-such-file"},
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
