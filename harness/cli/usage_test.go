package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/record"
)

func TestEveryCommandShowsHowItIsUsed(t *testing.T) {
	for _, name := range commandNames(t) {
		help := call(t.Context(), name, "--help")
		require.Equal(t, exitPassed, help.code)
		_, examples, found := strings.Cut(help.stdout, "\nExamples:\n")
		if name != "help" {
			require.True(t, found, "%s has no example", name)
			require.Contains(t, strings.SplitN(examples, "\n\n", 2)[0], name)
		}
	}
}

func TestExamplesOfTheHelpCanBePasted(t *testing.T) {
	help := call(t.Context(), "try", "--help")
	require.Contains(t, help.stdout, "\n  cli.test try 'HangDisk(alpha/leader) for 30s'\n")
	require.Equal(t, "  go run . overlay x\n  mine list", withProgram("mine", "list", "  go run . overlay x\n  list"))
}

// commandNames are the commands that the help lists.
func commandNames(t *testing.T) []string {
	t.Helper()
	help := call(t.Context(), "--help")
	_, list, found := strings.Cut(help.stdout, "\nAvailable Commands:\n")
	require.True(t, found)
	var names []string
	for line := range strings.Lines(list) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			break
		}
		names = append(names, fields[0])
	}
	require.Contains(t, names, "run")
	require.Contains(t, names, "completion", "the shell completion is listed")
	return names
}

func TestAShellOffersNames(t *testing.T) {
	offered := func(words ...string) string {
		return call(t.Context(), append([]string{"__complete"}, words...)...).stdout
	}
	require.Contains(t, offered("run", "hung"), "hung-leader\t")
	require.Contains(t, offered("explain", ""), "hung-leader\t")
	require.Contains(t, offered("run", "--manager", ""), "polling\t")
	require.Contains(t, offered("run", "--engine", ""), "virtual\nembedded\n")
	require.Contains(t, offered("bench", "--fault", "Hang"), "HangDisk\t")
}

func TestAListIsReadByPrograms(t *testing.T) {
	for _, words := range [][]string{{"list"}, {"list", "--managers"}, {"list", "--faults"}, {"list", "--workloads"}} {
		got := call(t.Context(), append(words, "--json", "-")...)
		require.Equal(t, exitPassed, got.code, got.stderr)
		for line := range strings.Lines(got.stdout) {
			var entry struct{ Name string }
			require.NoError(t, json.Unmarshal([]byte(line), &entry), line)
			require.NotEmpty(t, entry.Name)
		}
		require.Empty(t, got.stderr)
	}
}

func TestAStepThatWasLeftOutIsSaid(t *testing.T) {
	got := call(t.Context(), "try", "HangDisk(alpha/m9) for 1s; 1s for 1s HangApply(alpha/follower)", "--brief")
	require.Equal(t, exitPassed, got.code, got.stderr)
	require.Contains(t, got.stderr, `warning: a step was left out: HangDisk(alpha/m9): cluster alpha has no member "m9"`)
}

func TestAScheduleOfWhichNothingHappenedIsNotJudged(t *testing.T) {
	got := call(t.Context(), "try", "HangDisk(alpha/m9) for 1s", "--brief")
	require.Equal(t, exitNotJudged, got.code, got.stderr)
	require.Contains(t, got.stdout, `not judged: no step of the schedule was possible: HangDisk(alpha/m9): cluster alpha has no member "m9"`)
}

func TestOnlyTerminalsAreColoured(t *testing.T) {
	read, write, err := os.Pipe()
	require.NoError(t, err)
	defer read.Close()
	defer write.Close()
	require.False(t, inColour(write))
	require.Equal(t, "\x1b[31mFAILED\x1b[0m", coloured(record.Failed, "FAILED"))
	require.Equal(t, "not asked", coloured(record.NotAsked, "not asked"))
}
