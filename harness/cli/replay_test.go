package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// scheduleFile writes a schedule into a file.
func scheduleFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "last-night.txt")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

const onAlpha = "cluster alpha 3\n5s for 20s HangDisk(alpha/leader)\n"

func TestReplayTakesTheRunFromTheFileAndSaysWhetherItFailsAgain(t *testing.T) {
	file := scheduleFile(t, "# it hung\nmanager watching\nworkload counters\nseed 3\nfails freshness\n"+onAlpha)
	c := call(t.Context(), "replay", file)
	require.Equal(t, exitFailed, c.code, c.stderr)
	require.Regexp(t, `(?m)^last-night +virtual +watching +counters +FAILED`, c.stdout)
	require.Contains(t, c.stdout, "last-night on virtual: fails again: freshness\n")
	require.Contains(t, c.stdout, " replay "+file+" --engine virtual --manager watching --workload counters --seed 3\n")

	c = call(t.Context(), "replay", file, "--manager", "polling", "--json", "-")
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Contains(t, c.stderr, "last-night on virtual: passes now\n")
	require.Equal(t, uint64(3), *readLines(t, c.stdout)[0].Seed)

	c = call(t.Context(), "try", file)
	require.Equal(t, exitFailed, c.code, "try takes the run from the file too")
	require.NotContains(t, c.stdout, "fails again")
}

func TestReplayNeedsOnlyTheSchedule(t *testing.T) {
	c := call(t.Context(), "replay", scheduleFile(t, onAlpha))
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Regexp(t, `(?m)^last-night +virtual +polling +counters +passed`, c.stdout)
	require.NotContains(t, c.stdout, "passes now", "nothing is known to fail")
	c = call(t.Context(), "replay", scheduleFile(t, "fails own keys\nmanager watching\n"+onAlpha), "--seeds", "4-5")
	require.Equal(t, exitFailed, c.code, c.stderr)
	require.Contains(t, c.stdout, "last-night on virtual: fails, but another oracle: freshness")
	require.Contains(t, c.stdout, "seed 4 is the first of 4-5 that did not pass")
}

func TestARunThatWasNotJudgedDoesNotPass(t *testing.T) {
	require.Equal(t, "not judged", comparison(&harness.Result{Outcome: record.NotJudged}, "freshness"))
}

// An exact replay depends on what is in the memory of the child, so a file and the schedule that it was made of must give the same order.
func TestAnOrderHasNothingOfAScheduleThatDoesNotChangeTheRun(t *testing.T) {
	typed, _, err := readSchedule("try", "cluster alpha 3; 5s for 20s HangDisk(alpha/leader)", nil)
	require.NoError(t, err)
	kept, s, err := readSchedule("replay", scheduleFile(t, "# it hung\nmanager watching\nseed 3\nfails freshness\n"+onAlpha), nil)
	require.NoError(t, err)
	require.Equal(t, typed.story, kept.story)
	require.Equal(t, "last-night", kept.name())
	require.Equal(t, schedule.Run{Manager: "watching", Seed: 3, Fails: "freshness"}, s.Run)
}
