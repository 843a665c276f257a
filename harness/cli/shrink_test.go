package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/schedule"
)

const messy = `# a night in May
manager watching
seed 3
cluster alpha 3
cluster beta 3
watch alpha/leader
5s for 4s SlowDisk(beta/m2, 50ms)
6s for 20s HangDisk(alpha/leader)
8s MoveLeader(beta/follower)
12s for 3s Freeze(beta/m3)
`

func TestShrinkPrintsTheScheduleItsCauseTheCommandAndATest(t *testing.T) {
	c := call(t.Context(), "shrink", scheduleFile(t, messy))
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Contains(t, c.stdout, "# 4 steps on clusters of 3 and 3, 26s long\n# 1 step on clusters of 3, ")
	require.Regexp(t, `(?m)^# From \d+\.\ds on \(\d+\.\d{3}s in the transcript\) healing everything no longer prevents it: alpha/m\d led, the watch was on alpha/m\d, HangDisk\(alpha/m\d\) in force for \d+\.\ds\.$`, c.stdout)
	require.Contains(t, c.stdout, "manager watching\nworkload counters\nseed 3\nfails freshness\ncluster alpha 3\nwatch alpha/leader\n")
	require.Regexp(t, `(?m) try 'cluster alpha 3; watch alpha/leader; \S+ for \S+ HangDisk\(alpha/leader\)' --manager watching --workload counters --seed 3$`, c.stdout)
	require.Contains(t, c.stdout, "func TestFreshnessWatching3(t *testing.T) {")
	require.Regexp(t, `(?m)^\[\d+/400\] 1 step on clusters of 3, \S+ long$`, c.stderr)
}

func TestShrinkWritesFilesThatReplayReads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "failures")
	c := call(t.Context(), "shrink", "cluster alpha 3; HangDisk(alpha/leader) for 20s", "--manager", "watching", "--tries", "3", "--within", "9s", "--out", dir)
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Contains(t, c.stderr, "3 tries were not enough: the schedule may not be as small as it could be, see --tries\n")
	file := filepath.Join(dir, "freshness-watching-1.txt")
	require.True(t, strings.HasSuffix(c.stdout, " replay "+file+" --within 9s\n"), c.stdout)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	s, err := schedule.Parse(string(text))
	require.NoError(t, err)
	require.Equal(t, schedule.Run{Manager: "watching", Workload: "counters", Seed: 1, Fails: "freshness"}, s.Run)
	require.FileExists(t, filepath.Join(dir, "freshness_watching_1_test.go"))
}

func TestShrinkTellsProgramsWhatItFound(t *testing.T) {
	results := filepath.Join(t.TempDir(), "shrunk.json")
	text := call(t.Context(), "shrink", "cluster alpha 3; HangDisk(alpha/leader) for 20s", "--manager", "watching", "--brief", "--json", results)
	require.Equal(t, exitPassed, text.code, text.stderr)
	written, err := os.ReadFile(results)
	require.NoError(t, err)
	require.Contains(t, string(written), `"format": "stormwatch.shrunk/1",`)
	var found shrunk
	require.NoError(t, json.Unmarshal(written, &found))
	require.Contains(t, text.stdout, found.Schedule, "the object says what the text says")
	require.Contains(t, text.stdout, "\n\n"+found.Again+"\n\n"+found.GoTest)
	require.Contains(t, found.Schedule, "# "+found.Cause.Text+"\n")
	require.Contains(t, found.Cause.Kind, "HangDisk")
	require.Equal(t, "freshness", found.Oracle)
	require.Contains(t, found.Evidence, "alpha")
	require.Equal(t, []any{virtualName, "watching", "counters", uint64(1)}, []any{found.Engine, found.Manager, found.Workload, found.Seed})
	require.Positive(t, found.Tries)
	require.False(t, found.Limited || found.Interrupted)
	s, err := schedule.Parse(found.Schedule)
	require.NoError(t, err)
	require.Equal(t, "freshness", s.Run.Fails)
	require.LessOrEqual(t, found.Cause.From, float64(s.End().Milliseconds()+1))

	dir := filepath.Join(t.TempDir(), "failures")
	c := call(t.Context(), "shrink", "cluster alpha 3; HangDisk(alpha/leader) for 20s", "--manager", "watching", "--tries", "2", "--brief", "--out", dir, "--json", "-")
	require.Equal(t, exitPassed, c.code, c.stderr)
	var limited shrunk
	require.NoError(t, json.Unmarshal([]byte(c.stdout), &limited), "the standard output is for the object alone")
	require.True(t, limited.Limited)
	require.Equal(t, filepath.Join(dir, "freshness-watching-1.txt"), limited.File)
	require.True(t, strings.HasSuffix(limited.Again, " replay "+limited.File+" --brief"), limited.Again)
	require.Contains(t, c.stderr, "fails freshness\n")
}

func TestShrinkExplainsWrongUse(t *testing.T) {
	file := scheduleFile(t, "")
	for name, c := range map[string]struct {
		args []string
		want string
		code int
	}{
		"it passes":         {[]string{"HangDisk(alpha/leader) for 1s"}, "the schedule does not fail: there is nothing to shrink", exitUsage},
		"another oracle":    {[]string{hang, "--manager", "watching", "--oracle", "own keys"}, "the schedule does not fail own keys; it fails freshness", exitUsage},
		"every engine":      {[]string{hang, "--engine", "all"}, "--engine all: want one engine", exitUsage},
		"no tries":          {[]string{hang, "--tries", "0"}, "--tries 0: want at least 1", exitUsage},
		"no such manager":   {[]string{"manager wathcing; " + hang}, `no manager is called "wathcing"; the nearest: watching`, exitUsage},
		"an empty schedule": {[]string{file}, "the schedule has no step and no until", exitUsage},
		"no folder":         {[]string{hang, "--out", filepath.Join(file, "failures")}, "--out: mkdir", exitUsage},
		"a dying manager":   {[]string{hang, "--manager", "dying"}, "run the schedule that is to be shrunk: not judged: the process of the run died: panic: at the disco", exitNotJudged},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t.Context(), append([]string{"shrink"}, c.args...)...)
			require.Equal(t, c.code, got.code, got.stderr)
			require.Contains(t, got.stderr, c.want)
			require.Empty(t, got.stdout)
		})
	}
}

func TestAnInterruptedShrinkSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := call(ctx, "shrink", hang, "--manager", "watching")
	require.Equal(t, exitNotJudged, c.code)
	require.Contains(t, c.stderr, "interrupted before the schedule was seen to fail")
}
