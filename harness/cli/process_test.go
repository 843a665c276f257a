package cli

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tests in this file start the command in a process of its own, as a user does, with full disks, missing directories and signals.

// asUser makes a process that runs the command, with its temporary files in a directory of the test.
func asUser(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1", "TMPDIR="+t.TempDir())
	return cmd
}

// finish runs a process to its end and returns its exit code and output.
func finish(t *testing.T, cmd *exec.Cmd) callResult {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &stdout
	}
	cmd.Stderr = &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return callResult{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func TestOutputToAFullDeviceIsNoSuccess(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	defer full.Close()
	for _, args := range [][]string{
		{"run", "calm"},
		{"run", "calm", "--json", "-"},
		{"try", "HangDisk(alpha/leader) for 1s"},
		{"bench", "--runs", "1", "--case", "leader-killed", "--manager", "polling"},
		{"list"},
		{"list", "--faults"},
		{"version"},
		{"--version"},
		{"--help"},
	} {
		cmd := asUser(t, args...)
		cmd.Stdout = full
		c := finish(t, cmd)
		require.Equal(t, exitNotJudged, c.code, args)
		require.Contains(t, c.stderr, "write the ", args)
		require.Contains(t, c.stderr, "no space left on device", args)
	}
}

func TestResultsToAFullDeviceAreNoSuccess(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	c := finish(t, asUser(t, "run", "calm", "hung-leader", "--json", "/dev/full"))
	require.Equal(t, exitNotJudged, c.code, c.stderr)
	require.Contains(t, c.stderr, "write the results: write /dev/full: no space left on device")
	require.Regexp(t, `(?m)^calm +virtual +polling +counters +passed`, c.stdout)
	require.NotContains(t, c.stdout, "hung-leader", "nobody would have had its results")
}

// requireNotJudged requires that a command which ran the scenario calm ended with "not judged", and printed the cause in the line that names the run.
func requireNotJudged(t *testing.T, c callResult, engine, cause string) {
	t.Helper()
	require.Equal(t, exitNotJudged, c.code, c.stdout+c.stderr)
	require.Regexp(t, `(?m)^calm +`+engine+` +polling +counters +not judged`, c.stdout)
	require.Regexp(t, `(?m)^calm on `+engine+` with the polling manager: not judged: .*`+cause, c.stdout)
	require.Regexp(t, `(?m)^\[\d/\d\] calm on `+engine+` not judged in \d+\.\ds: .*`+cause, c.stderr)
	require.NotContains(t, c.stdout, "FAILED")
	require.Contains(t, c.stdout, "0 passed, 0 failed, 1 not judged")
}

func TestAFolderForTemporaryFilesThatIsMissingIsNobodysFault(t *testing.T) {
	cmd := asUser(t, "run", "calm", "--engine", embeddedName)
	cmd.Env = append(cmd.Env, "TMPDIR=/no/such/folder")
	c := finish(t, cmd)
	requireNotJudged(t, c, embeddedName, `/no/such/folder \(TMPDIR\): .*no such file or directory`)
}

// mounted makes a process that runs the command with a new file system mounted on a directory. No other process sees that file system.
func mounted(t *testing.T, on, options string, args ...string) *exec.Cmd {
	t.Helper()
	return whereMounted(t, on, options, append([]string{asUser(t).Path}, args...)...)
}

// whereMounted is mounted for any program, of which the words are the command line.
func whereMounted(t *testing.T, on, options string, words ...string) *exec.Cmd {
	t.Helper()
	unshare := []string{"unshare", "--mount"}
	if os.Geteuid() != 0 {
		unshare = append(unshare, "--map-root-user")
	}
	if said, err := exec.Command(unshare[0], append(unshare[1:], "mount", "-t", "tmpfs", "none", "/mnt")...).CombinedOutput(); err != nil {
		t.Skipf("this system lets nobody mount what nobody else sees: %v: %s", err, said)
	}
	cmd := asUser(t)
	script := `mount -t tmpfs -o "$0" none "$1" && shift && exec "$@"`
	outer := append(unshare, "sh", "-c", script, options, on)
	mounted := exec.Command(outer[0], append(outer[1:], words...)...)
	mounted.Env = cmd.Env
	return mounted
}

func TestAFolderForTemporaryFilesThatIsReadOnlyIsNobodysFault(t *testing.T) {
	dir := t.TempDir()
	cmd := mounted(t, dir, "ro", "run", "calm", "--engine", embeddedName)
	cmd.Env = append(cmd.Env, "TMPDIR="+dir)
	requireNotJudged(t, finish(t, cmd), embeddedName, dir+` \(TMPDIR\): .*read-only file system`)
}

func TestAFullDiskIsNobodysFault(t *testing.T) {
	dir := t.TempDir()
	cmd := mounted(t, dir, "size=512k", "run", "calm", "--engine", embeddedName)
	cmd.Env = append(cmd.Env, "TMPDIR="+dir)
	requireNotJudged(t, finish(t, cmd), embeddedName, "no space left on device")
}

func TestAFullFileSystemInMemoryIsNobodysFault(t *testing.T) {
	const memory = "/dev/shm"
	if _, err := os.Stat(memory); err != nil {
		t.Skip("this system has no " + memory)
	}
	requireNotJudged(t, finish(t, mounted(t, memory, "size=512k", "run", "calm")), virtualName, "no space left on device")
}

// interrupted starts the command, waits until it has printed that its first run is done, and then sends a signal to it and its children, as a
// terminal does. It blocks until the command has ended.
func interrupted(t *testing.T, signal syscall.Signal, args ...string) callResult {
	t.Helper()
	cmd := asUser(t, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var stdout bytes.Buffer
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	cmd.Stdout = &stdout
	require.NoError(t, cmd.Start())
	var said bytes.Buffer
	for sent := false; ; {
		piece := make([]byte, 4096)
		n, err := stderr.Read(piece)
		said.Write(piece[:n])
		if !sent && strings.Contains(said.String(), "[1/") {
			require.NoError(t, syscall.Kill(-cmd.Process.Pid, signal))
			sent = true
		}
		if err != nil {
			break
		}
	}
	_ = cmd.Wait() // an exit code other than 0 is no error of the test; we return the code
	return callResult{cmd.ProcessState.ExitCode(), stdout.String(), said.String()}
}

func TestAnInterruptedRunPrintsWhatWasDone(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		for _, engine := range []string{virtualName, embeddedName} {
			c := interrupted(t, signal, "run", "calm", "--engine", engine, "--seeds", "1-100000")
			require.Equal(t, exitNotJudged, c.code, c.stdout+c.stderr)
			require.Regexp(t, `(?m)^calm +`+engine+` +polling +counters +\d+ +not judged`, c.stdout)
			require.Regexp(t, `(?m)^[1-9]\d* passed, 0 failed, \d+ not judged$`, c.stdout)
			require.Contains(t, c.stdout, "not judged: interrupted")
			require.NotContains(t, c.stdout, "did not pass", "an interrupted run is no find")
			require.Regexp(t, `interrupted after [1-9]\d* of 100000 runs`, c.stderr)
		}
	}
}

// A signal to the process group can reach a new child before the child has a group of its own. The child then ends before the command knows of the signal.
func TestARunWhoseProcessGotTheTerminalsSignalIsInterrupted(t *testing.T) {
	cmd := asUser(t, "run", "calm", "--manager", "dying")
	cmd.Env = append(cmd.Env, howToDie+"=hangup")
	c := finish(t, cmd)
	require.Equal(t, exitNotJudged, c.code, c.stdout+c.stderr)
	require.Contains(t, c.stdout, "not judged: interrupted")
	require.Contains(t, c.stderr, "interrupted after 0 of 1 runs")
}

func TestAnInterruptedMatrixPrintsWhatWasDone(t *testing.T) {
	many := strings.Repeat("calm,hung-leader,", 30) + "calm"
	c := interrupted(t, syscall.SIGINT, "matrix", "--manager", "polling,watching", "--scenario", many)
	require.Equal(t, exitNotJudged, c.code, c.stdout+c.stderr)
	require.Regexp(t, `(?m)^calm +\.`, c.stdout)
	require.Regexp(t, `(?m)^calm +$`, c.stdout, "the last row is empty")
	require.NotContains(t, c.stdout, "not judged: interrupted")
	require.Regexp(t, `interrupted after [1-9]\d* of 122 runs`, c.stderr)
}

func TestAnInterruptedBenchPrintsWhatWasMeasured(t *testing.T) {
	c := interrupted(t, syscall.SIGINT, "bench", "--manager", "polling,watching", "--case", "leader-killed,hung-leader-disk", "--runs", "60")
	require.Equal(t, exitNotJudged, c.code, c.stdout+c.stderr)
	require.Regexp(t, `(?m)^leader-killed +polling +60 +\d+\.\d{3}s`, c.stdout)
	require.Regexp(t, `interrupted after \d{2,3} of 240 runs`, c.stderr)
}

// In real time the series that was finished is kept and drawn, and the runs that were being made are dropped: the plain watch on a frozen member stays stale
// for a minute, and nobody waits for that.
func TestAnInterruptedBenchInRealTimeKeepsWhatWasMeasured(t *testing.T) {
	dir := t.TempDir()
	results, plot := filepath.Join(dir, "bench.jsonl"), filepath.Join(dir, "bench.svg")
	c := interrupted(t, syscall.SIGINT, "bench", "--engine", embeddedName, "--manager", "polling,watching", "--case", "member-frozen", "--runs", "2",
		"--json", results, "--plot", plot)
	require.Equal(t, exitNotJudged, c.code, c.stdout+c.stderr)
	require.Contains(t, c.stderr, "[1/2] member-frozen with the polling manager on embedded: 2 runs, ")
	require.Contains(t, c.stderr, "interrupted after 2 of 4 runs")
	require.Regexp(t, `(?m)^embedded +member-frozen +polling +2( +\d+\.\d{3}s){5} +`, c.stdout)
	require.NotContains(t, c.stdout, "watching", "a series of which nothing was measured has no row")
	lines, err := os.ReadFile(results)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(lines), "\n"), "nor has it a line")
	require.Contains(t, string(lines), `"engine":"embedded","manager":"polling","workload":"counters","runs":2,`)
	require.Equal(t, 2, strings.Count(string(lines), `{"seed":`))
	picture, err := os.ReadFile(plot)
	require.NoError(t, err)
	require.Regexp(t, `>member-frozen: Freeze\(alpha/\w+\), embedded</text>`, string(picture))
	require.Contains(t, string(picture), ">polling</text>")
	require.NotContains(t, string(picture), ">watching</text>")
}

// The command removes the files of a run, even if the manager has ended the process of the run.
func TestNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	cmd := asUser(t, "run", "calm", "--engine", embeddedName, "--manager", "dying")
	cmd.Env = append(cmd.Env, "TMPDIR="+dir)
	require.Equal(t, exitNotJudged, finish(t, cmd).code)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

// The failpoints in GO_FAILPOINTS are checked, and the command that runs a scenario again contains them.
func TestFailpointsSetFromOutsideAreCheckedAndRepeated(t *testing.T) {
	withFailpoints := func(failpoints string, args ...string) callResult {
		cmd := asUser(t, args...)
		cmd.Env = append(cmd.Env, "GO_FAILPOINTS="+failpoints)
		return finish(t, cmd)
	}
	c := withFailpoints("stormwatch/alpha/m9/wal-save=return(100)", "run", "calm")
	require.Equal(t, exitUsage, c.code, c.stdout)
	require.Regexp(t, `calm on virtual with the polling manager: not judged: .*m9`, c.stdout)
	c = withFailpoints("stormwatch/alpha/m1/wal-save=return(100)", "run", "hung-leader", "--manager", "watching", "--transcript")
	require.Equal(t, exitFailed, c.code, c.stdout)
	require.Contains(t, c.stdout, "GO_FAILPOINTS(")
	require.Regexp(t, `(?m)^  again: GO_FAILPOINTS='stormwatch/alpha/m1/wal-save=return\(100\)' .* run hung-leader --engine virtual`, c.stdout)
}
