package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/replay"
)

// The program of the repository, of which the tests make replay builds.
const ownMain = module + "/cmd/stormwatch"

func TestAProgramMakesAReplayBuildOfItselfWhoseRunsReplay(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what builds the Go runtime anew")
	}
	cache := t.TempDir()
	b := replayBuild{main: ownMain, cache: cache}
	binary, err := b.make(t.Context())
	require.NoError(t, err)
	left, err := os.ReadDir(cache)
	require.NoError(t, err)
	require.Len(t, left, 1, "only the build itself stays")
	require.Equal(t, filepath.Join(cache, left[0].Name()), binary)

	w := worker{catalogue: catalogue(), binary: binary}
	require.True(t, w.replays())
	o := order{Story: story{Name: "leader-killed"}, Engine: virtualName, Manager: "reference", Seed: 7}
	digests := map[string]bool{}
	for range 3 {
		r := w.run(t.Context(), o)
		require.Equal(t, record.Passed, r.Outcome, r.String())
		digests[r.Record.Digest()] = true
	}
	require.Len(t, digests, 1, "a seed told two timelines")
}

func TestAReplayBuildThatCannotBeMadeIsAWarningThatSaysWhy(t *testing.T) {
	if replay.Built() {
		t.Skip("this is a replay build, which needs no other")
	}
	var said bytes.Buffer
	path := replayBinary(t.Context(), &said)
	require.Empty(t, path)
	require.Contains(t, said.String(), "warning: no replay build, so a seed may not replay switch by switch: this is the binary of a test")
}

func TestAReplayBuildNeedsTheGoCommandAndTheSources(t *testing.T) {
	b := replayBuild{main: ownMain, dir: t.TempDir(), cache: t.TempDir()}
	_, err := b.make(t.Context())
	require.ErrorContains(t, err, "the sources of "+ownMain+" are not to be had in this directory: go list:")
	b.main, b.dir = module+"/harness/cli", ""
	_, err = b.make(t.Context())
	require.ErrorContains(t, err, "is package cli, want main")
	t.Setenv("PATH", t.TempDir())
	_, err = b.make(t.Context())
	require.EqualError(t, err, "no Go toolchain is on the PATH")
	left, err := os.ReadDir(b.cache)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAnInterruptedReplayBuildIsNoWarning(t *testing.T) {
	if replay.Built() {
		t.Skip("this is a replay build, which needs no other")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var said bytes.Buffer
	require.Empty(t, replayBinary(ctx, &said))
	require.Empty(t, said.String())
}

func TestOnlyBuildsThatNobodyHasUsedForLongAreRemoved(t *testing.T) {
	cache := t.TempDir()
	for name, age := range map[string]time.Duration{"mine-1": buildLife + time.Hour, "mine-2": buildLife - time.Hour} {
		path := filepath.Join(cache, name)
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Chtimes(path, time.Time{}, time.Now().Add(-age)))
	}
	sweepBuilds(cache)
	require.NoFileExists(t, filepath.Join(cache, "mine-1"))
	require.FileExists(t, filepath.Join(cache, "mine-2"))
}

func TestPlainRunsMakeNoReplayBuild(t *testing.T) {
	var said bytes.Buffer
	for _, e := range engines() {
		p := plainFlag{plain: e.name == virtualName}
		w := p.worker(t.Context(), catalogue(), []engine{e}, &said)
		require.Empty(t, w.binary)
		require.Empty(t, said.String(), e.name)
	}
}
