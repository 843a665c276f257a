package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBenchMeasuresAndPrintsATable(t *testing.T) {
	c := call(t.Context(), "bench", "--runs", "3", "--case", "member-frozen", "--manager", "polling,watching")
	require.Equal(t, exitPassed, c.code, c.stderr)
	lines := strings.Split(strings.TrimSpace(c.stdout), "\n")
	require.Len(t, lines, 3)
	require.Equal(t, []string{"CASE", "MANAGER", "RUNS", "MIN", "MEDIAN", "P99", "MAX", "BOUND", "OVER", "NEVER", "STALE", "MEDIAN", "P99", "MAX"},
		strings.Fields(lines[0]))
	require.Regexp(t, `^member-frozen +polling +3( +\d+\.\d{3}s){5} +0 +0( +\d+\.\d{3}s){3}$`, lines[1])
	require.Regexp(t, `^member-frozen +watching +3( +never){4} +\d+\.\d{3}s +3 +3( +never){3}$`, lines[2])
	require.Contains(t, c.stderr, "[1/2] member-frozen with the polling manager: 3 runs, ")
	require.Contains(t, c.stderr, "[2/2] member-frozen with the watching manager: 3 runs, ")
}

func TestBenchMeasuresAnyFault(t *testing.T) {
	slow := "SlowDisk(alpha/leader, 250ms)"
	c := call(t.Context(), "bench", "--runs", "2", "--fault", slow, "--case", "leader-killed", "--manager", "polling", "--within", "SlowDisk=1m")
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Regexp(t, `(?m)^leader-killed +polling +2 +\d`, c.stdout)
	require.Regexp(t, `(?m)^SlowDisk\(alpha/leader, 250ms\) +polling +2( +\d+\.\d{3}s){4} +60\.\d{3}s +0 +0`, c.stdout)
}

func TestBenchPrintsLinesForBenchstat(t *testing.T) {
	c := call(t.Context(), "bench", "--runs", "2", "--case", "leader-killed", "--fault", "Isolate(alpha/leader)", "--manager", "polling", "--gobench")
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Regexp(t, `(?m)\A(goos|goarch|pkg): `, c.stdout)
	require.Len(t, strings.Split(c.stdout, "BenchmarkRecovery/case=leader-killed/manager=polling\t1\t"), 3)
	require.Len(t, strings.Split(c.stdout, "BenchmarkRecovery/case=Isolate(alpha/leader)/manager=polling\t1\t"), 3)
}

func TestBenchMeasuresInRealTime(t *testing.T) {
	c := call(t.Context(), "bench", "--engine", embeddedName, "--runs", "2", "--seed", "7", "--case", "leader-killed", "--manager", "polling", "--gobench")
	require.Equal(t, exitPassed, c.code, c.stderr)
	line := "BenchmarkRecovery/case=leader-killed/manager=polling/engine=embedded\t1\t" // benchstat must not compare it with virtual time
	require.Equal(t, 2, strings.Count(c.stdout, line), c.stdout)
	require.Contains(t, c.stderr, "[1/1] leader-killed with the polling manager on embedded: 2 runs, ")
}

func TestBenchTellsWhatCouldNotBeMeasured(t *testing.T) {
	c := call(t.Context(), "bench", "--runs", "2", "--case", "leader-killed", "--manager", "dying,polling")
	require.Equal(t, exitNotJudged, c.code)
	require.Regexp(t, `(?m)^leader-killed +dying +0( +-){5} +0 +0( +-){3}$`, c.stdout)
	require.Regexp(t, `(?m)^leader-killed +polling +2 +\d`, c.stdout)
	require.Contains(t, c.stderr, "leader-killed with the dying manager, seed 1: the process of the run died: panic: at the disco (exit status 2)\n")
	require.Regexp(t, `(?m)^  again: .* bench --case leader-killed --manager dying --seed 1 --runs 1$`, c.stderr)
}

func TestBenchSweepsAnIntervalAndDrawsIt(t *testing.T) {
	dir := t.TempDir()
	plot, results := filepath.Join(dir, "sweep.svg"), filepath.Join(dir, "sweep.jsonl")
	c := call(t.Context(), "bench", "--runs", "2", "--case", "leader-killed", "--manager", "polling", "--sweep", "election=500ms,2s",
		"--plot", plot, "--json", results)
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Regexp(t, `(?m)^CASE +MANAGER +ELECTION +RUNS +MIN`, c.stdout)
	require.Regexp(t, `(?m)^leader-killed +polling +500ms +2 +\d`, c.stdout)
	require.Regexp(t, `(?m)^leader-killed +polling +2s +2 +\d`, c.stdout)
	picture, err := os.ReadFile(plot)
	require.NoError(t, err)
	require.Contains(t, string(picture), "polling")
	lines, err := os.ReadFile(results)
	require.NoError(t, err)
	require.Contains(t, string(lines), `"format":"stormwatch.bench/1","case":"leader-killed"`)
	require.Contains(t, string(lines), `"set":{"name":"election","value_ms":2000},"runs":2`)
}
