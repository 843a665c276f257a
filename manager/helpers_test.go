package manager_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
)

// brisk is a timing for real clusters with a 500 ms election timeout.
func brisk() manager.Config {
	return manager.Config{
		ProgressInterval: 300 * time.Millisecond,
		IdleTimeout:      5 * time.Second,
		ProbeInterval:    200 * time.Millisecond,
		ProbeGrace:       400 * time.Millisecond,
		RequestTimeout:   time.Second,
		BackoffCap:       300 * time.Millisecond,
		SyncInterval:     500 * time.Millisecond,
		LeaseTTL:         6 * time.Second,
		RefreshInterval:  500 * time.Millisecond,
		RegisterTimeout:  time.Second,
		RegisterPause:    100 * time.Millisecond,
		CloseTimeout:     2 * time.Second,
	}
}

func startManager(t *testing.T, cfg manager.Config, targets ...manager.Target) *manager.Manager {
	t.Helper()
	m, err := manager.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	require.NoError(t, m.Apply(t.Context(), targets))
	return m
}

// eventually waits for a condition on the wall clock and says what it was waiting for if it does not come.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, 5*time.Millisecond, what)
}

func view(t *testing.T, m *manager.Manager, cluster string) manager.View {
	t.Helper()
	v, ok := m.View(cluster)
	require.True(t, ok, "cluster %q is not managed", cluster)
	return v
}

func awaitHealthy(t *testing.T, m *manager.Manager, cluster string) {
	t.Helper()
	eventually(t, cluster+" healthy", func() bool { return view(t, m, cluster).Healthy })
}

func awaitCheckpoint(t *testing.T, m *manager.Manager, cluster string, want uint64) {
	t.Helper()
	eventually(t, fmt.Sprintf("checkpoint %d of %s", want, cluster), func() bool {
		return view(t, m, cluster).Checkpoints["backup"] == want
	})
}

const (
	topologyPrefix   = "/topology/tidb/"
	checkpointPrefix = "/tidb/br-stream/checkpoint/"
	checkpointKey    = checkpointPrefix + "backup/central_global"
)

func encode(checkpoint uint64) string {
	return string(binary.BigEndian.AppendUint64(nil, checkpoint))
}

// goroutines returns the stacks of all goroutines that run code of the manager.
func goroutines() (stacks []string) {
	buffer := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buffer, true)
		if n < len(buffer) {
			buffer = buffer[:n]
			break
		}
		buffer = make([]byte, 2*len(buffer))
	}
	for stack := range strings.SplitSeq(string(buffer), "\n\n") {
		if strings.Contains(stack, "stormwatch/manager.(*") {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

func requireNothingLeft(t *testing.T, clusters ...*cluster) {
	t.Helper()
	require.Empty(t, goroutines())
	for _, c := range clusters {
		require.Zero(t, c.network.open(), "open connections to %s", c.name)
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func urls(t *testing.T, raw string) []url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return []url.URL{*u}
}
