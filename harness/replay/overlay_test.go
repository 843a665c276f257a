package replay

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheOverlayIsForTheInstalledGo(t *testing.T) {
	path, err := Write(filepath.Join(t.TempDir(), "new", "folder"))
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var overlay struct{ Replace map[string]string }
	require.NoError(t, json.Unmarshal(text, &overlay))
	require.Len(t, overlay.Replace, len(edits))
	for original, edited := range overlay.Replace {
		before, err := os.ReadFile(original)
		require.NoError(t, err)
		after, err := os.ReadFile(edited)
		require.NoError(t, err)
		require.NotEqual(t, string(before), string(after), original)
	}
}

func TestAnotherGoIsRefusedWithASentence(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "overlay")
	root, _, err := installed()
	require.NoError(t, err)
	_, err = write(dir, root, "go1.27.1")
	require.ErrorContains(t, err, "the installed Go is go1.27.1; exact replay was made for go1.26 and knows no other runtime")
	require.NoDirExists(t, dir)
}

func TestARuntimeThatChangedIsRefusedWithWhatIsMissing(t *testing.T) {
	root := t.TempDir()
	runtime := filepath.Join(root, "src", "runtime")
	require.NoError(t, os.MkdirAll(runtime, 0o755))
	for _, e := range edits {
		require.NoError(t, os.WriteFile(filepath.Join(runtime, e.file), []byte("package runtime\n"), 0o600))
	}
	dir := filepath.Join(t.TempDir(), "overlay")
	_, err := write(dir, root, "go1.26.0")
	require.ErrorContains(t, err, `runtime/select.go differs from the one that exact replay was made for: "j := cheaprandn(uint32(norder + 1))" stands there 0 times`)
	require.NoDirExists(t, dir)
}

func TestABuildKnowsWhichItIs(t *testing.T) {
	// make test-replay sets the variable in a replay build.
	require.Equal(t, os.Getenv("STORMWATCH_REPLAY_BUILD") != "", Built())
}

func TestAProcessIsGivenOnlyWhatARunReads(t *testing.T) {
	of := []string{"PATH=/bin", "GO_FAILPOINTS=a=return(1)", "GOMAXPROCS=8"}
	require.Equal(t, []string{"GOMAXPROCS=1", "GOGC=off", "GOMEMLIMIT=4GiB", "GO_FAILPOINTS=a=return(1)"}, Environment(of))
}
