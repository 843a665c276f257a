package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const hang = "HangDisk(alpha/leader) for 30s"

func TestTryRunsAScheduleTypedByHandOnEachEngine(t *testing.T) {
	c := call(t.Context(), "try", "HangDisk(alpha/leader) at 1s for 2s", "--engine", "all")
	require.Equal(t, exitPassed, c.code, c.stdout)
	require.Regexp(t, `(?m)^schedule +virtual +polling +counters +passed`, c.stdout)
	require.Regexp(t, `(?m)^schedule +embedded +polling +counters +passed`, c.stdout)
}

func TestTryTellsHowToTryAgain(t *testing.T) {
	c := call(t.Context(), "try", hang, "--manager", "watching", "--seed", "3", "--within", "HangDisk=9s")
	require.Equal(t, exitFailed, c.code)
	require.Contains(t, c.stdout, " try '"+hang+"' --engine virtual --manager watching --workload counters --seed 3 --within HangDisk=9s\n")
}

func TestTryReadsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "may-2026.txt")
	require.NoError(t, os.WriteFile(file, []byte("# the leader hangs\ncluster alpha 3\n5s for 30s HangDisk(alpha/leader)\n"), 0o600))
	c := call(t.Context(), "try", file, "--manager", "watching")
	require.Equal(t, exitFailed, c.code, c.stderr)
	require.Regexp(t, `(?m)^may-2026 +virtual +watching`, c.stdout)
	require.Contains(t, c.stdout, " try "+file+" --engine virtual")
}

func TestTryReadsTheStandardInput(t *testing.T) {
	got, _, err := readSchedule("try", "-", strings.NewReader("cluster alpha 3\n"+hang+"\n"))
	require.NoError(t, err)
	require.Equal(t, scheduleName, got.Name)
	require.Equal(t, []string{"try", "cluster alpha 3\n" + hang + "\n"}, got.words, "what was piped in is a part of the command")
	_, _, err = readSchedule("try", "-", new(bytes.Buffer))
	require.ErrorContains(t, err, "the schedule has no step")
}

func TestTrySearchesSeeds(t *testing.T) {
	c := call(t.Context(), "try", hang, "--manager", "watching", "--seeds", "1-10")
	require.Equal(t, exitFailed, c.code)
	require.Contains(t, c.stdout, "seed 1 is the first of 1-10 that did not pass, with schedule on virtual")
}
