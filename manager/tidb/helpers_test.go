package tidb_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
	"github.com/stormwatch/stormwatch/manager/tidb"
)

const (
	topologyPrefix   = "/topology/tidb/"
	checkpointPrefix = "/tidb/br-stream/checkpoint/"
	checkpointKey    = checkpointPrefix + "backup/central_global"
)

// brisk is a timing for real clusters with a 500 ms election timeout.
func brisk() guard.Options {
	return guard.Options{
		ProgressInterval: 300 * time.Millisecond,
		IdleTimeout:      5 * time.Second,
		ProbeInterval:    200 * time.Millisecond,
		ProbeGrace:       400 * time.Millisecond,
		RequestTimeout:   time.Second,
		BackoffCap:       300 * time.Millisecond,
		SyncInterval:     500 * time.Millisecond,
	}
}

func watching(o guard.Options) tidb.Config { return tidb.Config{Manager: manager.Config{Watch: o}} }

func startManager(t *testing.T, cfg tidb.Config, targets ...manager.Target) *tidb.Manager {
	t.Helper()
	m, err := tidb.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	require.NoError(t, m.Apply(t.Context(), targets))
	return m
}

// to is the target of a real cluster, toFake that of a fake.
func to(c *etcdtest.Cluster) manager.Target {
	return manager.Target{Cluster: c.Name, Endpoints: c.Hosts(), DialOptions: c.DialOptions()}
}

func toFake(c *etcdtest.Fake, name string) manager.Target {
	return manager.Target{Cluster: name, Endpoints: c.Endpoints(), DialOptions: c.DialOptions()}
}

func view(t *testing.T, m *tidb.Manager, cluster string) tidb.View {
	t.Helper()
	v, ok := m.View(cluster)
	require.True(t, ok, "cluster %q is not managed", cluster)
	return v
}

func awaitHealthy(t *testing.T, m *tidb.Manager, cluster string) {
	t.Helper()
	etcdtest.Eventually(t, cluster+" healthy", func() bool { return view(t, m, cluster).Healthy })
}

func awaitCheckpoint(t *testing.T, m *tidb.Manager, cluster string, want uint64) {
	t.Helper()
	etcdtest.Eventually(t, fmt.Sprintf("checkpoint %d of %s", want, cluster), func() bool {
		return view(t, m, cluster).Checkpoints["backup"] == want
	})
}

func encode(checkpoint uint64) string {
	return string(binary.BigEndian.AppendUint64(nil, checkpoint))
}
