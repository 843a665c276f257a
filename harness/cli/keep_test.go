package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/report"
)

// kept are the runs of a file that --record has written.
func kept(t *testing.T, file string) []report.Run {
	t.Helper()
	runs, err := readRuns(file)
	require.NoError(t, err)
	return runs
}

func TestRunsAreKeptAndShown(t *testing.T) {
	dir := t.TempDir()
	runs, shown, again := filepath.Join(dir, "runs.jsonl"), filepath.Join(dir, "runs.html"), filepath.Join(dir, "again.html")
	for _, words := range [][]string{
		{"run", "calm", "hung-leader"},
		{"try", "1s for 2s Freeze(alpha/m1)"},
		{"matrix", "--scenario", "calm,hung-leader", "--manager", "polling,watching"},
	} {
		c := call(t.Context(), append(words, "--record", runs, "--report", shown)...)
		require.NotEqual(t, exitUsage, c.code, c.stderr)
		list := kept(t, runs)
		require.NotEmpty(t, list)
		for _, r := range list {
			require.Equal(t, words[0] == "try", r.Schedule != "")
			if r.Outcome == record.Passed || r.Outcome == record.Failed {
				require.NotNil(t, r.Record, "%s with %s", r.Scenario, r.Manager)
				require.NotEmpty(t, r.Record.Staleness)
			}
		}
		c = call(t.Context(), "report", runs, "--out", again)
		require.Equal(t, exitPassed, c.code, c.stderr)
		one, err := os.ReadFile(shown)
		require.NoError(t, err)
		other, err := os.ReadFile(again)
		require.NoError(t, err)
		require.Equal(t, string(one), string(other), "the page of kept runs is that of the runs")
		require.Contains(t, string(one), list[0].Scenario)
	}
}

func TestASoakKeepsItsRunsAndTheCauseOfAFailure(t *testing.T) {
	dir := t.TempDir()
	runs := filepath.Join(dir, "runs.jsonl")
	c := call(t.Context(), "soak", "--seeds", "1-2", "--manager", "watching", "--out", filepath.Join(dir, "out"), "--record", runs,
		"--report", filepath.Join(dir, "runs.html"), "--explain=false")
	require.NotEqual(t, exitUsage, c.code, c.stderr)
	require.Len(t, kept(t, runs), 2)
	require.FileExists(t, filepath.Join(dir, "runs.html"))
}

func TestAPageOfBrokenRunsNamesTheFileAndShowsTheRest(t *testing.T) {
	dir := t.TempDir()
	runs := filepath.Join(dir, "runs.jsonl")
	require.Equal(t, exitPassed, call(t.Context(), "run", "calm", "--record", runs).code)
	text, err := os.ReadFile(runs)
	require.NoError(t, err)
	torn := filepath.Join(dir, "torn.jsonl")
	require.NoError(t, os.WriteFile(torn, append(text, text[:len(text)/2]...), 0o600))
	c := call(t.Context(), "report", torn, "--out", filepath.Join(dir, "page.html"))
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, torn+": run 2 ends in the middle")
	require.FileExists(t, filepath.Join(dir, "page.html"))

	for text, want := range map[string]string{
		`{"scenario":"calm"}`: "it may be of --json, and not of --record", "": "no run in",
	} {
		require.NoError(t, os.WriteFile(torn, []byte(text), 0o600))
		c = call(t.Context(), "report", torn, "--out", filepath.Join(dir, "none.html"))
		require.Equal(t, exitUsage, c.code)
		require.Contains(t, c.stderr, want)
		require.NoFileExists(t, filepath.Join(dir, "none.html"))
	}
	c = call(t.Context(), "report", filepath.Join(dir, "missing"))
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, "no such file")
}

func TestAFileThatCannotBeMadeIsNamedBeforeAnythingIsRun(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "such")
	for _, flag := range []string{"--report", "--record", "--junit"} {
		c := call(t.Context(), "run", "calm", flag, missing)
		require.Equal(t, exitUsage, c.code)
		require.True(t, strings.HasPrefix(c.stderr, programName()+": "+flag+": open "+missing), c.stderr)
		require.Empty(t, c.stdout)
	}
}

func TestOutcomesAreWrittenForCISystems(t *testing.T) {
	for _, words := range [][]string{
		{"run", "calm", "hung-leader", "--manager", "watching"},
		{"matrix", "--scenario", "calm,hung-leader", "--manager", "watching"},
	} {
		file := filepath.Join(t.TempDir(), "junit.xml")
		c := call(t.Context(), append(words, "--junit", file)...)
		require.NotEqual(t, exitUsage, c.code, c.stderr)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, string(text), `<testsuite name="watching on virtual" tests="2" failures="1" errors="0"`)
		require.Contains(t, string(text), `name="hung-leader, seed 1"`)
		require.Contains(t, string(text), `<failure message="freshness: alpha`)
		require.Contains(t, string(text), "again: go run ")
	}
}

func TestOutcomesOfKeptRunsAreWrittenForCISystems(t *testing.T) {
	dir := t.TempDir()
	runs, cases, page := filepath.Join(dir, "runs.jsonl"), filepath.Join(dir, "junit.xml"), filepath.Join(dir, "page.html")
	direct := filepath.Join(dir, "direct.xml")
	c := call(t.Context(), "run", "calm", "hung-leader", "--manager", "watching", "--record", runs, "--junit", direct)
	require.Equal(t, exitFailed, c.code, c.stderr)
	c = call(t.Context(), "report", runs, "--junit", cases, "--out", page)
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.FileExists(t, page)
	want, err := os.ReadFile(direct)
	require.NoError(t, err)
	got, err := os.ReadFile(cases)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "the outcomes of kept runs are those of the runs")

	t.Chdir(t.TempDir())
	c = call(t.Context(), "report", runs, "--junit", cases, "--out", "")
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Empty(t, c.stderr)
	require.NoFileExists(t, "report.html")
	c = call(t.Context(), "report", runs, "--out", "")
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, "--out '' and no --junit: nothing would be written")
	c = call(t.Context(), "report", runs, "--out", cases, "--junit", cases)
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, "--out and --junit name the same file")
}

func TestASoakThatGoesOnKeepsTheRunsOfBefore(t *testing.T) {
	dir := t.TempDir()
	out, runs, cases := filepath.Join(dir, "out"), filepath.Join(dir, "runs.jsonl"), filepath.Join(dir, "junit.xml")
	c := call(t.Context(), "soak", "--seeds", "1-1", "--manager", "watching", "--out", out, "--record", runs, "--explain=false", "--junit", cases)
	require.NotEqual(t, exitUsage, c.code, c.stderr)
	require.FileExists(t, cases)
	whole, err := os.ReadFile(runs)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(runs, append(whole, whole[:len(whole)/2]...), 0o600))
	f, err := openOut("--record", runs)
	require.NoError(t, err)
	require.NoError(t, f.appends())
	require.NoError(t, report.Write(f, report.Run{Format: report.Format, Seed: 7, Verdicts: []record.Verdict{}}))
	require.NoError(t, f.end())
	list := kept(t, runs)
	require.Len(t, list, 2)
	require.Equal(t, uint64(1), list[0].Seed)
	require.Equal(t, uint64(7), list[1].Seed)
	c = call(t.Context(), "soak", "--out", out, "--resume", "--record", runs, "--explain=false")
	require.NotEqual(t, exitUsage, c.code, c.stderr)
	require.Len(t, kept(t, runs), 2, "there was nothing left to run")
}

func TestFilesToKeepRunsInHaveNamesOfTheirOwn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "runs")
	c := call(t.Context(), "run", "calm", "--record", file, "--junit", file)
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, "--record and --junit name the same file, "+file)
	require.NoFileExists(t, file)
	c = call(t.Context(), "run", "calm", "--report", "-")
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, "--report -: want the name of a file")
}

// TestASoakOfThousandsHoldsTheRecordsOfFailuresAndASample: a record is some hundred kilobytes.
func TestASoakOfThousandsHoldsTheRecordsOfFailuresAndASample(t *testing.T) {
	dir := t.TempDir()
	flags := keepFlags{page: filepath.Join(dir, "runs.html"), runs: filepath.Join(dir, "runs.jsonl"), junit: filepath.Join(dir, "junit.xml")}
	var files outputs
	k, err := flags.open(&files)
	require.NoError(t, err)
	const total = 2000
	for i := range total {
		r := &harness.Result{
			Scenario: "drawn", Engine: virtualName, Manager: "mine", Seed: uint64(i), Outcome: record.Passed,
			Record: &record.Record{Clusters: []record.Cluster{{Name: "alpha", Members: []string{"m1"}}}},
		}
		if i%4 == 0 {
			r.Outcome = record.Failed
		}
		k.keep(r, "", nil)
	}
	held, failures := 0, 0
	for _, r := range k.kept {
		if r.Record == nil {
			continue
		}
		if held++; r.Outcome == record.Failed {
			failures++
		}
	}
	require.Equal(t, 2*withRecord, held)
	require.Greater(t, failures, withRecord)
	k.close(&err)
	files.end(&err)
	require.NoError(t, err)
	runs := kept(t, flags.runs)
	require.Len(t, runs, total)
	for _, r := range runs {
		require.NotNil(t, r.Record, "the file has all")
	}
	cases, err := os.ReadFile(flags.junit)
	require.NoError(t, err)
	require.Contains(t, string(cases), `<testsuite name="mine on virtual" tests="2000" failures="500" errors="0" skipped="0"`)
}
