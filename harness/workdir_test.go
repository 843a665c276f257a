package harness_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
)

func entries(t *testing.T, dir string) []string {
	t.Helper()
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

func TestDirectoriesOfRunsAreTheirOwnAndGoWithThem(t *testing.T) {
	parent := t.TempDir()
	first, release, err := harness.MakeDir(parent)
	require.NoError(t, err)
	second, releaseSecond, err := harness.MakeDir(parent)
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	require.Len(t, second, len(first), "names have one length")
	require.NoError(t, os.WriteFile(filepath.Join(first, "data"), []byte("x"), 0o600))
	require.NoError(t, release())
	require.NoDirExists(t, first)
	require.DirExists(t, second)
	require.NoError(t, releaseSecond())
	require.Empty(t, entries(t, parent))
}

// workdirParent is an environment variable. It tells the child process of the test below where to make a directory.
const workdirParent = "STORMWATCH_TEST_WORKDIR_PARENT"

func TestTheNextRunSweepsWhatAKilledOneLeft(t *testing.T) {
	if parent := os.Getenv(workdirParent); parent != "" {
		dir, _, err := harness.MakeDir(parent)
		require.NoError(t, err)
		require.NoError(t, os.Mkdir(filepath.Join(dir, "alpha"), 0o700))
		fmt.Println(dir)
		select {}
	}
	parent := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), workdirParent+"="+parent)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	said := bufio.NewScanner(out)
	require.True(t, said.Scan())
	left := said.Text()

	beside, release, err := harness.MakeDir(parent)
	require.NoError(t, err)
	require.DirExists(t, left, "it belongs to a living process")
	require.NoError(t, release())
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
	require.DirExists(t, left)
	// One directory of a process that was killed while it removed it, and one of a process that was killed before it had the lock.
	require.NoError(t, os.MkdirAll(filepath.Join(parent, "stormwatch-dead-00000000000000aa", "alpha"), 0o700))
	require.NoError(t, os.Mkdir(filepath.Join(parent, "stormwatch-run-000077"), 0o700))
	// A directory that has no name of ours, and must stay.
	require.NoError(t, os.Mkdir(filepath.Join(parent, "stormwatch-run-mine"), 0o700))

	next, release, err := harness.MakeDir(parent)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{filepath.Base(next), "stormwatch-run-mine"}, entries(t, parent))
	require.NotEqual(t, beside, left)
	require.NoError(t, release())
}

func TestDirectoriesMadeAtTheSameTimeAreNotSwept(t *testing.T) {
	parent := t.TempDir()
	var making sync.WaitGroup
	for i := range 8 {
		making.Go(func() {
			for range 50 {
				dir, release, err := harness.MakeDir(parent)
				if err != nil {
					t.Error(err)
					return
				}
				file := filepath.Join(dir, "mine")
				if err := os.WriteFile(file, []byte{byte(i)}, 0o600); err != nil {
					t.Error(err)
				}
				if data, err := os.ReadFile(file); err != nil || len(data) != 1 || data[0] != byte(i) {
					t.Errorf("%s has %v (%v), want what was written", file, data, err)
				}
				if err := release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	making.Wait()
	require.Empty(t, entries(t, parent))
}

func TestAParentThatIsMissingOrReadOnlyIsSaidPlainly(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	_, _, err := harness.MakeDir(missing)
	require.ErrorContains(t, err, "a directory for the run's data in "+missing+":")
	require.ErrorIs(t, err, os.ErrNotExist)
	t.Setenv("TMPDIR", missing)
	_, _, err = harness.MakeDir("")
	require.ErrorContains(t, err, missing+" (TMPDIR)")

	if os.Geteuid() == 0 {
		t.Skip("root may write to a read-only directory")
	}
	readOnly := t.TempDir()
	require.NoError(t, os.Chmod(readOnly, 0o500))
	_, _, err = harness.MakeDir(readOnly)
	require.ErrorIs(t, err, os.ErrPermission)
}
