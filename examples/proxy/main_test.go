package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func configuration(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "proxy.toml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestAnUnknownClusterIsNamedWithThoseThatThereAre(t *testing.T) {
	file := configuration(t, "[[proxy.backend-clusters]]\nname = \"alpha\"\npd-addrs = \"127.0.0.1:1\"\n")
	err := run(t.Context(), file, "10.0.0.8:6000", []string{"connect", "beta/10.0.1.1:4000"}, &bytes.Buffer{})
	require.ErrorContains(t, err, "beta")
	require.ErrorContains(t, err, "there are [alpha]")
}

func TestWithoutClustersAConnectionUsesTheResolverOfTheProcess(t *testing.T) {
	err := run(t.Context(), configuration(t, ""), "10.0.0.8:6000", []string{"connect", "/127.0.0.1:1"}, &bytes.Buffer{})
	require.ErrorContains(t, err, "refused")
}

func TestADrainedProxyHasNoKeysOfItsOwn(t *testing.T) {
	file := configuration(t, "[[proxy.backend-clusters]]\nname = \"alpha\"\npd-addrs = \"127.0.0.1:1\"\n")
	ctx, cancel := context.WithCancel(t.Context())
	out := &cancelling{cancel: cancel}
	require.ErrorIs(t, run(ctx, file, "10.0.0.8:6000", []string{"drain"}, out), context.Canceled)
	require.Equal(t, "alpha: 0 keys of our own\n", out.String())
}

// cancelling is a buffer that calls cancel once something was written to it.
type cancelling struct {
	bytes.Buffer
	cancel context.CancelFunc
}

func (c *cancelling) Write(b []byte) (int, error) {
	defer c.cancel()
	return c.Buffer.Write(b)
}

func TestMetricsOfNoClusterAreNone(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), configuration(t, ""), "10.0.0.8:6000", []string{"metrics", "up"}, &out))
	require.Empty(t, out.String())
}
