package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The two commands of the guide make a build of this module in which a seed replays to the last switch.
func TestASeedReplaysInAModuleOfOnesOwn(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what builds the Go runtime anew")
	}
	dir := t.TempDir()
	overlay, binary := filepath.Join(dir, "overlay"), filepath.Join(dir, "mine")
	command(t, "go", "run", ".", "overlay", overlay)
	command(t, "go", "build", "-trimpath", "-overlay", filepath.Join(overlay, "overlay.json"), "-o", binary, ".")
	require.Contains(t, command(t, binary, "version"), "replay build")
	digest := regexp.MustCompile(`digest [0-9a-f]{16}`)
	digests := map[string]bool{}
	for range 3 {
		found := digest.FindString(command(t, binary, "run", "hung-leader-disk", "--manager", "guarded-discovery", "--seed", "7", "--transcript"))
		require.NotEmpty(t, found)
		digests[found] = true
	}
	require.Len(t, digests, 1, "a seed told two timelines")
}

// command runs a command and returns what it prints.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}
