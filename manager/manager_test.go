package manager_test

import (
	"context"
	"crypto/tls"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/manager"
)

func TestConfigIsCheckedInClearSentences(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  manager.Config
		want string
	}{
		{
			"progress",
			manager.Config{ProgressInterval: 10 * time.Second},
			"progress interval 10s must be shorter than idle timeout 10s",
		},
		{"negative", manager.Config{ProbeGrace: -1}, "probe grace is negative: -1ns"},
		{"backoff", manager.Config{BackoffBase: time.Minute}, "backoff base 1m0s must not exceed backoff cap 3s"},
		{
			"address",
			manager.Config{Registration: manager.Registration{Address: "here"}},
			`registration address "here" is not host:port`,
		},
		{
			"lease",
			manager.Config{Registration: manager.Registration{Address: "h:1"}, LeaseTTL: 38 * time.Second},
			"lease TTL 38s must exceed the slowest refresh, 38s",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := manager.New(c.cfg)
			require.ErrorContains(t, err, c.want)
		})
	}
	m, err := manager.New(manager.Config{Registration: manager.Registration{Address: "h:1"}})
	require.NoError(t, err)
	require.NoError(t, m.Close())
}

func TestApplyRefusesWrongTargetsAndChangesNothing(t *testing.T) {
	m := startManager(t, brisk(), manager.Target{Cluster: "kept", Endpoints: []string{"127.0.0.1:1"}})
	good := manager.Target{Cluster: "alpha", Endpoints: []string{"127.0.0.1:1"}}
	for _, c := range []struct {
		name    string
		targets []manager.Target
		want    manager.TargetError
	}{
		{
			"empty name",
			[]manager.Target{{Cluster: " ", Endpoints: good.Endpoints}},
			manager.TargetError{Reason: "the name is empty"},
		},
		{
			"duplicate name",
			[]manager.Target{good, {Cluster: " alpha", Endpoints: good.Endpoints}},
			manager.TargetError{Cluster: "alpha", Reason: "the name occurs twice"},
		},
		{
			"no endpoint",
			[]manager.Target{{Cluster: "alpha"}},
			manager.TargetError{Cluster: "alpha", Reason: "there is no endpoint"},
		},
		{
			"empty endpoint",
			[]manager.Target{{Cluster: "alpha", Endpoints: []string{""}}},
			manager.TargetError{Cluster: "alpha", Reason: "it is empty"},
		},
		{
			"foreign scheme",
			[]manager.Target{{Cluster: "alpha", Endpoints: []string{"ftp://a"}}},
			manager.TargetError{Cluster: "alpha", Endpoint: "ftp://a", Reason: "its scheme is none of http, https, unix, unixs"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := m.Apply(t.Context(), c.targets)
			require.ErrorIs(t, err, manager.ErrInvalidTarget)
			var wrong *manager.TargetError
			require.ErrorAs(t, err, &wrong)
			require.Equal(t, c.want, *wrong)
			_, kept := m.View("kept")
			require.True(t, kept)
		})
	}
}

func TestAnUnreachableClusterAppearsOnceItIsThere(t *testing.T) {
	hosts := freeHosts(t, 1)
	m := startManager(t, brisk(), manager.Target{Cluster: "alpha", Endpoints: hosts})
	v, ok := m.View("alpha")
	require.True(t, ok)
	require.False(t, v.Healthy)
	require.Error(t, v.Err)
	require.NotNil(t, v.Backends)
	require.NotNil(t, v.Checkpoints)
	eventually(t, "a refusal", func() bool { return view(t, m, "alpha").Err != manager.ErrPending })
	var refused *manager.OpError
	require.ErrorAs(t, view(t, m, "alpha").Err, &refused)
	require.Equal(t, hosts[0], refused.Endpoint)

	alpha := startClusterOn(t, "alpha", hosts)
	alpha.put(t, checkpointKey, encode(1))
	awaitCheckpoint(t, m, "alpha", 1)
	_, ok = m.View("beta")
	require.False(t, ok)
}

func TestAnUnchangedTargetKeepsItsRuntime(t *testing.T) {
	alpha := startCluster(t, "alpha", 3)
	m := startManager(t, brisk(), alpha.target())
	awaitHealthy(t, m, "alpha")
	reordered := alpha.target()
	slices.Reverse(reordered.Endpoints)
	reordered.Endpoints = append(reordered.Endpoints, " "+reordered.Endpoints[0]+" ")
	require.NoError(t, m.Apply(t.Context(), []manager.Target{reordered}))
	alpha.put(t, checkpointKey, encode(1))
	awaitCheckpoint(t, m, "alpha", 1)
	require.Len(t, alpha.watches(checkpointPrefix), 1)
}

func TestAChangedTargetIsServedByTheOldRuntimeUntilTheNewOneAnswers(t *testing.T) {
	alpha := startCluster(t, "alpha", 2)
	m := startManager(t, brisk(), alpha.target())
	awaitHealthy(t, m, "alpha")
	alpha.put(t, checkpointKey, encode(1))
	awaitCheckpoint(t, m, "alpha", 1)

	nowhere := alpha.target()
	nowhere.Endpoints = freeHosts(t, 1)
	require.NoError(t, m.Apply(t.Context(), []manager.Target{nowhere}))
	alpha.put(t, checkpointKey, encode(2))
	awaitCheckpoint(t, m, "alpha", 2)
	require.True(t, view(t, m, "alpha").Healthy)

	elsewhere := alpha.target()
	elsewhere.Endpoints = elsewhere.Endpoints[1:]
	revision := view(t, m, "alpha").Revision
	require.NoError(t, m.Apply(t.Context(), []manager.Target{elsewhere}))
	eventually(t, "the successor", func() bool {
		v := view(t, m, "alpha")
		require.Equal(t, uint64(2), v.Checkpoints["backup"])
		require.GreaterOrEqual(t, v.Revision, revision)
		require.True(t, v.Healthy)
		revision = v.Revision
		return v.Endpoint == elsewhere.Endpoints[0]
	})
	alpha.put(t, checkpointKey, encode(3))
	awaitCheckpoint(t, m, "alpha", 3)
	require.NoError(t, m.Apply(t.Context(), nil))
	requireNothingLeft(t, alpha)
}

func TestReturningToTheOldTargetDismissesTheHeir(t *testing.T) {
	alpha := startCluster(t, "alpha", 1)
	m := startManager(t, brisk(), alpha.target())
	awaitHealthy(t, m, "alpha")
	changed := alpha.target()
	changed.TLS = &tls.Config{}
	changed.Endpoints = freeHosts(t, 1)
	require.NoError(t, m.Apply(t.Context(), []manager.Target{changed}))
	require.NoError(t, m.Apply(t.Context(), []manager.Target{changed}))
	require.NoError(t, m.Apply(t.Context(), []manager.Target{alpha.target()}))
	require.True(t, view(t, m, "alpha").Healthy)
	require.Len(t, alpha.watches(checkpointPrefix), 1)
}

func TestARemovedClusterLeavesNothingBehindAndTheOthersAlone(t *testing.T) {
	alpha, beta := startCluster(t, "alpha", 1), startCluster(t, "beta", 1)
	cfg := brisk()
	cfg.Registration.Address = "proxy-1:6000"
	m := startManager(t, cfg, alpha.target(), beta.target())
	awaitHealthy(t, m, "alpha")
	awaitHealthy(t, m, "beta")
	eventually(t, "the registration", func() bool { return len(alpha.keys(t, "/topology/tiproxy/")) == 2 })

	require.NoError(t, m.Apply(t.Context(), []manager.Target{beta.target()}))
	_, ok := m.View("alpha")
	require.False(t, ok)
	require.Zero(t, alpha.network.open())
	require.Empty(t, alpha.leases(t))
	require.Empty(t, alpha.keys(t, "/topology/tiproxy/"))
	require.True(t, view(t, m, "beta").Healthy)
	require.Len(t, beta.watches(checkpointPrefix), 1)
}

func TestApplyEndsWithItsContextAndTheClosingGoesOn(t *testing.T) {
	alpha := startCluster(t, "alpha", 1)
	m := startManager(t, brisk(), alpha.target())
	awaitHealthy(t, m, "alpha")
	err := m.Apply(canceled(), nil)
	if err != nil {
		require.ErrorIs(t, err, context.Canceled)
	}
	require.NoError(t, m.Close())
	requireNothingLeft(t, alpha)
}

func TestAfterCloseNothingIsLeft(t *testing.T) {
	alpha, beta := startCluster(t, "alpha", 3), startCluster(t, "beta", 1)
	cfg := brisk()
	cfg.Registration.Address = "proxy-1:6000"
	m := startManager(t, cfg, alpha.target(), beta.target(),
		manager.Target{Cluster: "gamma", Endpoints: freeHosts(t, 2)})
	awaitHealthy(t, m, "alpha")
	awaitHealthy(t, m, "beta")
	require.NoError(t, m.Close())
	requireNothingLeft(t, alpha, beta)
	require.Empty(t, alpha.leases(t))

	require.ErrorIs(t, m.Apply(t.Context(), nil), manager.ErrClosed)
	_, ok := m.View("alpha")
	require.False(t, ok)
	require.NoError(t, m.Close())
}

func TestApplyMayBeCalledFromEverywhereAtOnce(t *testing.T) {
	alpha, beta := startCluster(t, "alpha", 1), startCluster(t, "beta", 1)
	cfg := brisk()
	cfg.Registration.Address = "proxy-1:6000"
	m := startManager(t, cfg)
	var calls errgroup.Group
	sets := [][]manager.Target{nil, {alpha.target()}, {beta.target(), alpha.target()}, {beta.target()}}
	for i := range 24 {
		calls.Go(func() error { return m.Apply(t.Context(), sets[i%len(sets)]) })
	}
	var reader sync.WaitGroup
	stop := make(chan struct{})
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				m.View("alpha")
			}
		}
	})
	require.NoError(t, calls.Wait())
	close(stop)
	reader.Wait()
	require.NoError(t, m.Apply(t.Context(), sets[2]))
	awaitHealthy(t, m, "alpha")
	awaitHealthy(t, m, "beta")
	eventually(t, "the registration", func() bool { return len(alpha.keys(t, "/topology/tiproxy/")) == 2 })
	require.NoError(t, m.Close())
	requireNothingLeft(t, alpha, beta)
	require.Empty(t, alpha.leases(t))
}
