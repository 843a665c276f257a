package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// line has the fields that each line of --json must have, as the documentation promises. A pointer shows whether the field is there.
type line struct {
	Scenario     *string  `json:"scenario"`
	Engine       *string  `json:"engine"`
	Manager      *string  `json:"manager"`
	Workload     *string  `json:"workload"`
	Seed         *uint64  `json:"seed"`
	Outcome      *string  `json:"outcome"`
	Cause        string   `json:"cause"`
	Recovery     *float64 `json:"recovery_ms"`
	Bound        *float64 `json:"bound_ms"`
	MaxStaleness *float64 `json:"max_staleness_ms"`
	Wall         *float64 `json:"wall_ms"`
	Virtual      *float64 `json:"virtual_ms"`
	Verdicts     []struct {
		Oracle   *string `json:"oracle"`
		Outcome  *string `json:"outcome"`
		Evidence string  `json:"evidence"`
	} `json:"verdicts"`
	Again  *string `json:"again"`
	Digest *string `json:"digest"`
}

// readLines reads the lines that --json wrote, and requires that each has the promised fields and no others.
func readLines(t *testing.T, text string) []line {
	t.Helper()
	var lines []line
	for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
		var l line
		decoder := json.NewDecoder(strings.NewReader(scanner.Text()))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&l))
		for _, there := range []any{l.Scenario, l.Engine, l.Manager, l.Workload, l.Seed, l.Outcome, l.MaxStaleness, l.Wall, l.Virtual, l.Again, l.Digest} {
			require.NotNil(t, there, scanner.Text())
		}
		lines = append(lines, l)
	}
	return lines
}

func TestARunThatTakesTooLongIsNotJudged(t *testing.T) {
	c := catalogue()
	tasks, err := chosen(c, []string{"calm"})
	require.NoError(t, err)
	var out strings.Builder
	j, err := (&runFlags{engine: virtualName, manager: c.Candidates[0].Name, seed: 1}).job(c, tasks)
	require.NoError(t, err)
	j.limit, j.out, j.progress = time.Millisecond, &out, io.Discard
	require.ErrorIs(t, j.run(t.Context()), errNotJudged)
	require.Contains(t, out.String(), "not judged: no result after 1ms")
}

func TestRunPrintsATableAndWritesResults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	c := call(t.Context(), "run", "hung-leader", "calm", "hung-leader", "--engine", "both", "--seed", "7", "--within", "1m", "--json", file)
	require.Equal(t, exitPassed, c.code, c.stdout)
	require.Regexp(t, `(?m)^SCENARIO +ENGINE +MANAGER +WORKLOAD +VERDICT +RECOVERY +BOUND$`, c.stdout)
	require.Regexp(t, `(?m)^hung-leader +virtual +polling +counters +passed +\d+\.\d{3}s +60\.000s$`, c.stdout)
	require.Regexp(t, `(?m)^calm +virtual +polling +counters +passed +- +-$`, c.stdout)
	require.Regexp(t, `(?m)^hung-leader +embedded +polling +counters +passed +\d+\.\d{3}s +60\.000s$`, c.stdout)
	require.Contains(t, c.stdout, "idle timeout not asked: the manager has no idle timeout\n")
	require.Contains(t, c.stdout, "4 passed, 0 failed, 0 not judged\n")
	require.Contains(t, c.stderr, "[1/4] hung-leader on virtual passed in ")
	require.Contains(t, c.stderr, "[4/4] calm on embedded passed in ")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	lines := readLines(t, string(text))
	require.Len(t, lines, 4)
	require.Equal(t, "hung-leader", *lines[0].Scenario)
	require.Equal(t, uint64(7), *lines[0].Seed)
	require.NotNil(t, lines[0].Recovery)
	require.True(t, strings.HasSuffix(*lines[0].Again, " run hung-leader --engine virtual --manager polling --workload counters --seed 7 --within 1m0s"))
	require.NotEmpty(t, lines[0].Verdicts)
	require.Nil(t, lines[1].Recovery, "calm measures no recovery")
}

func TestResultsOnTheStandardOutputLeaveTheTableToTheStandardError(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	c := call(t.Context(), "run", "calm", "--json", "-", "--transcript")
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Len(t, readLines(t, c.stdout), 1)
	require.Contains(t, c.stderr, "1 passed, 0 failed, 0 not judged")
	require.Regexp(t, `calm on virtual with the polling manager, seed 1, digest [0-9a-f]{16}`, c.stderr)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "a file called -")
}

func TestAFailedVerdictIsToldWithEvidenceAndACommand(t *testing.T) {
	t.Setenv("GO_FAILPOINTS", "") // an empty variable means no failpoints, and the command does not repeat it
	c := call(t.Context(), "run", "hung-leader", "--manager", "watching")
	require.Equal(t, exitFailed, c.code)
	require.Regexp(t, `(?m)^hung-leader +virtual +watching +counters +FAILED +never +\d`, c.stdout)
	require.Regexp(t, `freshness: alpha: .* alpha/m\d led, the watch was on alpha/m\d, HangDisk\(alpha/m\d\) in force`, c.stdout)
	require.Regexp(t, `(?m)^  again: .*run hung-leader --engine virtual --manager watching --workload counters --seed 1$`, c.stdout)
	require.Contains(t, c.stdout, "0 passed, 1 failed, 0 not judged")
}

func TestTranscriptsAreToldBrieflyOrInFull(t *testing.T) {
	c := call(t.Context(), "run", "hung-leader", "--transcript")
	require.Equal(t, exitPassed, c.code, c.stdout)
	require.Regexp(t, `hung-leader on virtual with the polling manager, seed 1, digest [0-9a-f]{16}`, c.stdout)
	require.Contains(t, c.stdout, "still calls itself leader")
	full := call(t.Context(), "run", "hung-leader", "--transcript=full")
	require.Greater(t, len(full.stdout), 2*len(c.stdout))
	require.Regexp(t, `\[ *\d+\.\d{9}s\]`, full.stdout)
}

// A search reports the first seed that does not pass, although later seeds run at the same time and may end earlier.
func TestASearchStopsAtTheFirstSeedThatFails(t *testing.T) {
	first := uint64(20)
	for !unlucky(rand.New(rand.NewPCG(first, 0)).IntN) {
		first++
	}
	c := call(t.Context(), "run", "by-luck", "--manager", "watching", "--seeds", "20-60")
	require.Equal(t, exitFailed, c.code, c.stdout)
	require.Contains(t, c.stdout, fmt.Sprintf("seed %d is the first of 20-60 that did not pass, with by-luck on virtual\n", first))
	require.Contains(t, c.stdout, fmt.Sprintf("%d passed, 1 failed, 0 not judged\n", first-20))
	require.Regexp(t, fmt.Sprintf(`(?m)^by-luck +virtual +watching +counters +%d +FAILED +never`, first-19), c.stdout)
	require.Regexp(t, fmt.Sprintf(`(?m)again: .* --seed %d$`, first), c.stdout)
	require.Equal(t, 1, strings.Count(c.stdout, "again:"))
}

func TestASearchThatFindsNothingSaysHowManySeedsPassed(t *testing.T) {
	c := call(t.Context(), "run", "calm", "--seeds", "1-5")
	require.Equal(t, exitPassed, c.code, c.stdout)
	require.Regexp(t, `(?m)^SCENARIO +ENGINE +MANAGER +WORKLOAD +SEEDS +VERDICT`, c.stdout)
	require.Regexp(t, `(?m)^calm +virtual +polling +counters +5 +passed`, c.stdout)
	require.Contains(t, c.stdout, "5 passed, 0 failed, 0 not judged\n")
}

func TestARunThatWasAskedForWronglyIsNoFailure(t *testing.T) {
	c := call(t.Context(), "run", "two-members")
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stdout, "two-members on virtual with the polling manager: not judged: cluster alpha has 2 members: want 1, 3 or 5\n")
}

// If the process of a run dies, the result says so with the panic, and the other runs go on.
func TestAChildThatDiesIsNotJudged(t *testing.T) {
	for _, engine := range []string{virtualName, embeddedName} {
		c := call(t.Context(), "run", "calm", "--manager", "dying", "--engine", engine)
		require.Equal(t, exitNotJudged, c.code)
		require.Contains(t, c.stdout, "calm on "+engine+" with the dying manager: not judged: the process of the run died: panic: at the disco (exit status 2)\n")
		require.Contains(t, c.stdout, "newDying")
		require.Contains(t, c.stdout, "0 passed, 0 failed, 1 not judged")
		require.NotContains(t, c.stdout, "FAILED")
		require.Regexp(t, `not judged in \d+\.\ds: the process of the run died`, c.stderr)
	}
}

// Failed comes before not judged, and not judged before passed.
func TestTheWorstOutcomeIsTheExitCode(t *testing.T) {
	c := call(t.Context(), "run", "two-members", "hung-leader", "calm", "--manager", "watching")
	require.Equal(t, exitFailed, c.code)
	require.Contains(t, c.stdout, "1 passed, 1 failed, 1 not judged")
}
