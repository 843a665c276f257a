package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
	"github.com/stormwatch/stormwatch/harness/soak"
)

// soaked reads the results of a soak, by seed. Each seed has one line.
func soaked(t *testing.T, dir string) []soak.Line {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "runs.jsonl"))
	require.NoError(t, err)
	defer file.Close()
	var lines []soak.Line
	scanner := bufio.NewScanner(file)
	for scanner.Buffer(nil, 1<<20); scanner.Scan(); {
		var l soak.Line
		decoder := json.NewDecoder(bytes.NewReader(scanner.Bytes()))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&l), scanner.Text())
		lines = append(lines, l)
	}
	require.NoError(t, scanner.Err())
	slices.SortFunc(lines, func(a, b soak.Line) int { return int(a.Seed) - int(b.Seed) })
	for i, l := range lines {
		require.True(t, i == 0 || l.Seed != lines[i-1].Seed, "seed %d has two lines", l.Seed)
	}
	return lines
}

func TestASoakKeepsEachRunAndPrintsASummary(t *testing.T) {
	t.Chdir(t.TempDir())
	c := call(t.Context(), "soak", "--seeds", "1-4", "--explain=false")
	require.Contains(t, []int{exitPassed, exitFailed}, c.code, c.stderr)
	require.Contains(t, c.stderr, "the results are in soak-polling\n")
	require.Contains(t, c.stdout, "soak of polling on virtual: 4 schedules in 0.")
	require.Contains(t, c.stdout, "BOUND")
	lines := soaked(t, "soak-polling")
	require.Len(t, lines, 4)
	for i, l := range lines {
		require.EqualValues(t, i+1, l.Seed)
		drawn, err := schedule.Parse(l.Schedule)
		require.NoError(t, err)
		require.Equal(t, l.Schedule, drawn.String())
		require.Contains(t, l.Again, " try ")
		require.NotEmpty(t, l.Margins)
		require.Positive(t, l.Virtual)
	}
	// The printed command runs the same schedule.
	again := call(t.Context(), "try", lines[0].Schedule, "--seed", "1", "--json", "results")
	require.NotEqual(t, exitUsage, again.code, again.stderr)

	full := call(t.Context(), "soak", "--seeds", "1-4")
	require.Equal(t, exitUsage, full.code, "the directory is not empty")
	resumed := call(t.Context(), "soak", "--resume", "--explain=false")
	require.Equal(t, c.code, resumed.code)
	require.Equal(t, c.stdout, resumed.stdout, "there is nothing left to do")
	other := call(t.Context(), "soak", "--seeds", "1-5", "--resume")
	require.Equal(t, exitUsage, other.code)
	require.Contains(t, other.stderr, "the soak in soak-polling began with other parameters: seeds: 1-4 there, 1-5 here\n")
	require.Equal(t, c.stdout, call(t.Context(), "merge", "soak-polling").stdout)
}

func TestAShardHasADirectoryOfItsOwn(t *testing.T) {
	t.Chdir(t.TempDir())
	c := call(t.Context(), "soak", "--seeds", "1-2", "--shard", "1/2", "--manager", "dying")
	require.Equal(t, exitNotJudged, c.code, c.stderr)
	require.Contains(t, c.stderr, "the results are in soak-dying-1-of-2\n")
	require.Len(t, soaked(t, "soak-dying-1-of-2"), 1)
}

// Whatever happens to the process of a run, it becomes a line, and the soak goes on.
func TestAProcessThatComesToNothingBecomesALine(t *testing.T) {
	for how, want := range map[string]string{
		"":     `\Athe process of the run died: panic: at the disco`,
		"exit": `\Athe process of the run ended without a result`,
		"hang": `\Ano result after 1s\nSIGQUIT: quit(?s:.*)goroutine`,
	} {
		t.Run(how, func(t *testing.T) {
			t.Setenv(howToDie, how)
			dir := filepath.Join(t.TempDir(), "out")
			args := []string{"soak", "--seeds", "1-2", "--manager", "dying", "--out", dir}
			if how == "hang" {
				args = append(args, "--limit", "1s")
			}
			c := call(t.Context(), args...)
			require.Equal(t, exitNotJudged, c.code, c.stderr)
			require.Contains(t, c.stdout, "2 schedules in 0.0 virtual hours, 0 situations: 0 passed, 0 failed, 2 not judged")
			require.Contains(t, c.stdout, "not judged: 2 runs, first with seed 1: ")
			require.Regexp(t, `(?m)^\[2/2\] seed \d not judged in \d+\.\ds: `, c.stderr)
			for _, l := range soaked(t, dir) {
				require.Equal(t, record.NotJudged, l.Outcome)
				require.Regexp(t, want, l.Cause)
			}
		})
	}
}

// A failure is shrunk into files beside the results, and its cause is in the line.
func TestASoakShrinksWhatFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	drawn, err := schedule.Parse("cluster alpha 3; watch alpha/leader; 5s for 30s HangDisk(alpha/leader); until 40s")
	require.NoError(t, err)
	m, err := catalogue().candidate("watching")
	require.NoError(t, err)
	s := &soaking{worker: worker{catalogue: catalogue()}, engine: engines()[0], manager: m, failures: filepath.Join(dir, failuresDir)}
	s.progress = newSoakProgress(&bytes.Buffer{}, soak.Params{First: 1, Last: 1})
	defer s.progress.close()
	e := s.explain(t.Context(), 1, drawn, "freshness")
	require.Equal(t, "HangDisk on the watched leader", e.Kind, e.Problem)
	require.NotEmpty(t, e.Text)
	require.Equal(t, "failures/freshness-watching-1.txt", e.File)
	require.FileExists(t, filepath.Join(dir, e.File))
	require.FileExists(t, filepath.Join(dir, "failures/freshness_watching_1_test.go"))
	require.Equal(t, "run again, it does not fail", s.explain(t.Context(), 1, drawn, "leaks").Problem)
}

func TestARunMayTakeLongerTheLongerItsScheduleIs(t *testing.T) {
	long := schedule.Schedule{Until: 10 * time.Minute}
	require.Equal(t, 2*time.Minute, limitOf(engines()[0], long))
	require.Equal(t, time.Minute, limitOf(engines()[0], schedule.Schedule{}))
	require.Equal(t, 22*time.Minute, limitOf(engines()[1], long))
}

// soakUntil starts a soak as a user does, waits until it has kept some runs, and then sends it and its children a signal, as a terminal does. It blocks
// until the soak has ended.
func soakUntil(t *testing.T, signal syscall.Signal, dir string, lines int, args ...string) callResult {
	t.Helper()
	cmd := asUser(t, append([]string{"soak", "--out", dir}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "runs.jsonl"))
		return bytes.Count(text, []byte("\n")) >= lines
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, syscall.Kill(-cmd.Process.Pid, signal))
	_ = cmd.Wait() // the exit code is returned
	return callResult{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func TestAnInterruptedSoakKeepsWhatIsDoneAndGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	c := soakUntil(t, syscall.SIGINT, dir, 1, "--seeds", "1-6", "--workers", "1", "--explain=false")
	require.Contains(t, []int{exitNotJudged, exitFailed}, c.code, c.stderr)
	require.Regexp(t, `interrupted after [1-5] of 6 runs; --resume goes on\n`, c.stderr)
	require.Regexp(t, `soak of polling on virtual: [1-5] schedules? in .* 0 not judged`, c.stdout)
	done := len(soaked(t, dir))
	require.Less(t, done, 6)
	c = call(t.Context(), "soak", "--out", dir, "--resume", "--explain=false")
	require.Contains(t, []int{exitPassed, exitFailed}, c.code, c.stderr)
	require.Len(t, soaked(t, dir), 6)
}

// A soak that is killed leaves whole lines or a torn one, and goes on from there.
func TestAKilledSoakGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	c := soakUntil(t, syscall.SIGKILL, dir, 2, "--seeds", "1-40", "--workers", "1", "--manager", "dying")
	require.Negative(t, c.code)
	file := filepath.Join(dir, "runs.jsonl")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	torn := text[:len(text)-20]
	require.NoError(t, os.WriteFile(file, torn, 0o644))
	c = call(t.Context(), "merge", dir)
	require.Contains(t, c.stderr, "the end of the results in "+dir+" is a part of a line, and left out")
	c = call(t.Context(), "soak", "--out", dir, "--resume")
	require.Equal(t, exitNotJudged, c.code)
	require.Contains(t, c.stderr, file+": the last line was not complete")
	require.Len(t, soaked(t, dir), 40)
}

// If the disk is full, the soak ends and says so; every line that was written is whole.
func TestAFullDiskEndsASoakAndLosesNothing(t *testing.T) {
	disk, kept := t.TempDir(), t.TempDir()
	script := `"$0" soak --seeds 1-60 --manager dying --out "$1/out"; code=$?; cp "$1/out/runs.jsonl" "$2/runs.jsonl"; exit $code`
	c := finish(t, whereMounted(t, disk, "size=32k", "sh", "-c", script, asUser(t).Path, disk, kept))
	require.Equal(t, exitNotJudged, c.code, c.stdout+c.stderr)
	require.Contains(t, c.stderr, disk+"/out/runs.jsonl: write "+disk+"/out/runs.jsonl: no space left on device")
	lines := soaked(t, kept)
	require.NotEmpty(t, lines)
	require.Regexp(t, `^soak of dying on virtual: \d+ schedules`, strings.TrimSpace(c.stdout))
}

func TestABrokenResultsFileIsNamed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	require.Equal(t, exitNotJudged, call(t.Context(), "soak", "--seeds", "1-2", "--manager", "dying", "--out", dir).code)
	file := filepath.Join(dir, "runs.jsonl")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append([]byte("{\n"), text...), 0o644))
	for _, args := range [][]string{{"merge", dir}, {"soak", "--out", dir, "--resume"}} {
		c := call(t.Context(), args...)
		require.Equal(t, exitNotJudged, c.code)
		require.Contains(t, c.stderr, file+": line 1: unexpected end of JSON input")
	}
}
