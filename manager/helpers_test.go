package manager_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

const (
	servicePrefix = "/services/"
	jobPrefix     = "/jobs/"
	jobKey        = jobPrefix + "backup"
	ownPrefix     = "/instances/"
)

// brisk has short timeouts, for real clusters with an election timeout of 500 ms.
func brisk() manager.Config {
	return manager.Config{
		Prefixes: []string{servicePrefix, jobPrefix},
		Watch: guard.Options{
			ProgressInterval: 300 * time.Millisecond,
			IdleTimeout:      5 * time.Second,
			ProbeInterval:    200 * time.Millisecond,
			ProbeGrace:       400 * time.Millisecond,
			RequestTimeout:   time.Second,
			BackoffCap:       300 * time.Millisecond,
			SyncInterval:     500 * time.Millisecond,
		},
		LeaseTTL:        6 * time.Second,
		RefreshInterval: 500 * time.Millisecond,
		RegisterTimeout: time.Second,
		RegisterPause:   100 * time.Millisecond,
		CloseTimeout:    2 * time.Second,
	}
}

// watching is the production setting, for virtual time.
func watching(o guard.Options) manager.Config {
	return manager.Config{Prefixes: []string{servicePrefix, jobPrefix}, Watch: o}
}

// instance is the registration of an instance with a name.
func instance(name string) manager.Registration {
	return manager.Registration{
		Keys: []manager.KeyValue{{Key: ownPrefix + name + "/info", Value: "I am " + name}}, Heartbeat: ownPrefix + name + "/ttl",
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

// to is the target of a real cluster, toFake that of a fake.
func to(c *etcdtest.Cluster) manager.Target {
	return manager.Target{Cluster: c.Name, Endpoints: c.Hosts(), DialOptions: c.DialOptions()}
}

func toFake(c *etcdtest.Fake, name string) manager.Target {
	return manager.Target{Cluster: name, Endpoints: c.Endpoints(), DialOptions: c.DialOptions()}
}

func view(t *testing.T, m *manager.Manager, cluster string) manager.View {
	t.Helper()
	v, ok := m.View(cluster)
	require.True(t, ok, "cluster %q is not managed", cluster)
	return v
}

// job is the value of the one job, empty if there is none.
func job(v manager.View) string { return v.Prefixes[jobPrefix].Values[jobKey].Value }

func awaitHealthy(t *testing.T, m *manager.Manager, cluster string) {
	t.Helper()
	etcdtest.Eventually(t, cluster+" healthy", func() bool { return view(t, m, cluster).Healthy })
}

func awaitJob(t *testing.T, m *manager.Manager, cluster, want string) {
	t.Helper()
	etcdtest.Eventually(t, "job "+want+" of "+cluster, func() bool { return job(view(t, m, cluster)) == want })
}

func requireNothingLeft(t *testing.T, clusters ...*etcdtest.Cluster) {
	t.Helper()
	// A goroutine may still be ending after it has closed its last channel.
	etcdtest.Eventually(t, "no goroutine", func() bool { return len(etcdtest.Goroutines()) == 0 })
	for _, c := range clusters {
		require.Zero(t, c.Network.Open(), "open connections to %s", c.Name)
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
