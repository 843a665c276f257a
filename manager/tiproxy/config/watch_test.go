package config_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/tiproxy/config"
)

// patience is how long a test waits for something that must happen. It is not a measurement: it is long, for slow machines.
const patience = 20 * time.Second

const (
	alphaOnly = "[[proxy.backend-clusters]]\nname = \"alpha\"\npd-addrs = \"127.0.0.1:1\"\n"
	betaToo   = alphaOnly + "[[proxy.backend-clusters]]\nname = \"beta\"\npd-addrs = \"127.0.0.1:1,127.0.0.1:2\"\n"
)

// following is a running watcher.
type following struct {
	updates chan []manager.Target
	reports chan error
	stop    func() error
}

func follow(t *testing.T, w config.Watcher) *following {
	t.Helper()
	f := &following{updates: make(chan []manager.Target), reports: make(chan error, 100)}
	w.Settle = 20 * time.Millisecond
	w.Report = func(err error) { f.reports <- err }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx, f.updates) }()
	f.stop = func() error {
		cancel()
		for range f.updates {
			continue
		}
		return <-ended
	}
	t.Cleanup(func() { cancel() })
	return f
}

// next returns the names of the next update's clusters.
func (f *following) next(t *testing.T) string {
	t.Helper()
	select {
	case targets, ok := <-f.updates:
		require.True(t, ok, "the watcher ended")
		var names []string
		for _, target := range targets {
			names = append(names, target.Cluster)
		}
		return strings.Join(names, " ")
	case <-time.After(patience):
		require.Fail(t, "no update came")
		return ""
	}
}

func (f *following) report(t *testing.T) error {
	t.Helper()
	select {
	case err := <-f.reports:
		return err
	case targets := <-f.updates:
		require.Fail(t, "an update came where a report was due", "%v", targets)
	case <-time.After(patience):
		require.Fail(t, "no report came")
	}
	return nil
}

func write(t *testing.T, file, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}

// replace saves a file as an editor does: it renames a new file to the name of the old one.
func replace(t *testing.T, file, text string) {
	t.Helper()
	write(t, file+".swp", text)
	require.NoError(t, os.Rename(file+".swp", file))
}

func TestEveryWayOfChangingTheFileIsSeen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tiproxy.toml")
	write(t, file, alphaOnly)
	f := follow(t, config.Watcher{File: file, Recheck: time.Hour})
	require.Equal(t, "alpha", f.next(t))
	write(t, file, betaToo)
	require.Equal(t, "alpha beta", f.next(t))
	replace(t, file, alphaOnly)
	require.Equal(t, "alpha", f.next(t))
	replace(t, file, betaToo)
	require.Equal(t, "alpha beta", f.next(t), "the new file must be watched like the old one")
	replace(t, file, "")
	require.Empty(t, f.next(t), "no clusters are a legal configuration")
	require.ErrorIs(t, f.stop(), context.Canceled)
}

func TestAMountedConfigMapIsSeenToChange(t *testing.T) {
	dir := t.TempDir()
	mount := func(version, text string) {
		require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		write(t, filepath.Join(dir, version, "tiproxy.toml"), text)
		require.NoError(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
		require.NoError(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	mount("..v1", alphaOnly)
	file := filepath.Join(dir, "tiproxy.toml")
	require.NoError(t, os.Symlink(filepath.Join("..data", "tiproxy.toml"), file))
	f := follow(t, config.Watcher{File: file, Recheck: time.Hour})
	require.Equal(t, "alpha", f.next(t))
	mount("..v2", betaToo)
	require.Equal(t, "alpha beta", f.next(t))
}

func TestAFileBehindALinkIsLookedAtAgain(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "real.toml")
	write(t, elsewhere, alphaOnly)
	file := filepath.Join(t.TempDir(), "tiproxy.toml")
	require.NoError(t, os.Symlink(elsewhere, file))
	f := follow(t, config.Watcher{File: file, Recheck: 30 * time.Millisecond})
	require.Equal(t, "alpha", f.next(t))
	write(t, elsewhere, betaToo)
	require.Equal(t, "alpha beta", f.next(t))
}

func TestAnInvalidFileDeliversNothingAndSaysWhy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tiproxy.toml")
	f := follow(t, config.Watcher{File: file, Recheck: time.Hour})
	require.ErrorIs(t, f.report(t), os.ErrNotExist)
	write(t, file, alphaOnly)
	require.Equal(t, "alpha", f.next(t))

	replace(t, file, betaToo+alphaOnly)
	err := f.report(t)
	var wrong *config.Error
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, file, wrong.File)
	require.Equal(t, "alpha", wrong.Cluster)
	require.Equal(t, 8, wrong.Line)

	require.NoError(t, os.Remove(file))
	require.ErrorIs(t, f.report(t), os.ErrNotExist)
	replace(t, file, betaToo)
	require.Equal(t, "alpha beta", f.next(t))
	select {
	case err := <-f.reports:
		require.NoError(t, err, "each fault is reported once")
	default:
	}
}

func TestADirectoryThatIsNotThereIsAnError(t *testing.T) {
	f := follow(t, config.Watcher{File: filepath.Join(t.TempDir(), "none", "tiproxy.toml")})
	require.ErrorContains(t, f.stop(), "tiproxy.toml")
}

func TestAManagerFollowsTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tiproxy.toml")
	write(t, file, betaToo)
	m, err := manager.New(manager.Config{Prefixes: []string{"/topology/tidb/"}})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	f := follow(t, config.Watcher{File: file, Recheck: time.Hour})
	refused := make(chan error, 1)
	followed := make(chan error, 1)
	go func() { followed <- m.Follow(t.Context(), f.updates, func(err error) { refused <- err }) }()
	managed := func(want ...string) {
		t.Helper()
		require.Eventually(t, func() bool {
			return strings.Join(m.Clusters(), " ") == strings.Join(want, " ")
		}, patience, 5*time.Millisecond, "%v", want)
	}
	managed("alpha", "beta")
	beta, err := m.Cluster("beta")
	require.NoError(t, err)

	// The same clusters and addresses in another order, and a new cluster that shows that the file was read.
	replace(t, file, `
[[proxy.backend-clusters]]
name = "beta"
pd-addrs = "127.0.0.1:2,127.0.0.1:1"
[[proxy.backend-clusters]]
name = "gamma"
pd-addrs = "127.0.0.1:1"
[[proxy.backend-clusters]]
name = "alpha"
pd-addrs = "127.0.0.1:1"
`)
	managed("alpha", "beta", "gamma")
	_, err = beta.View()
	require.NoError(t, err, "a cluster that stays keeps its handles")

	replace(t, file, "[[proxy.backend-clusters]]\nname = \"delta\"\n")
	require.ErrorContains(t, f.report(t), "delta")
	managed("alpha", "beta", "gamma")
	replace(t, file, alphaOnly)
	managed("alpha")
	_, err = beta.View()
	require.ErrorIs(t, err, manager.ErrClusterGone)

	require.ErrorIs(t, f.stop(), context.Canceled)
	require.NoError(t, <-followed, "it ends with its channel")
	require.Empty(t, refused)
}
