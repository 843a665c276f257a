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
	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

func TestConfigIsCheckedInClearSentences(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  manager.Config
		want string
	}{
		{"progress", watching(guard.Options{ProgressInterval: 10 * time.Second}), "progress interval 10s must be shorter than idle timeout 10s"},
		{"negative", watching(guard.Options{ProbeGrace: -1}), "probe grace is negative: -1ns"},
		{"backoff", watching(guard.Options{BackoffBase: time.Minute}), "backoff base 1m0s must not exceed backoff cap 3s"},
		{"escalation", watching(guard.Options{Escalation: -1}), "escalation must be at least 1, not -1"},
		{"no prefix", manager.Config{}, "there is no prefix to watch"},
		{"empty prefix", manager.Config{Prefixes: []string{""}}, "a prefix is empty"},
		{"same prefix", manager.Config{Prefixes: []string{"/a", "/a"}}, `prefix "/a" occurs twice`},
		{"tries", manager.Config{Prefixes: []string{"/a"}, RegisterTries: -1}, "register tries must be at least 1, not -1"},
		{"close", manager.Config{Prefixes: []string{"/a"}, CloseTimeout: -1}, "close timeout is negative: -1ns"},
		{
			"key",
			manager.Config{Prefixes: []string{"/a"}, Registration: manager.Registration{Keys: []manager.KeyValue{{}}}},
			"a key of the registration is empty",
		},
		{
			"lease",
			manager.Config{Prefixes: []string{"/a"}, Registration: instance("one"), LeaseTTL: 38 * time.Second},
			"lease TTL 38s must exceed the slowest refresh, 38s",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := manager.New(c.cfg)
			require.ErrorContains(t, err, c.want)
		})
	}
	m, err := manager.New(manager.Config{Prefixes: []string{"/a"}, Registration: instance("one")})
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
	hosts := etcdtest.FreeHosts(t, 1)
	m := startManager(t, brisk(), manager.Target{Cluster: "alpha", Endpoints: hosts})
	v, ok := m.View("alpha")
	require.True(t, ok)
	require.False(t, v.Healthy)
	require.Error(t, v.Err)
	require.NotNil(t, v.Prefixes[servicePrefix].Values)
	require.NotNil(t, v.Prefixes[jobPrefix].Values)
	etcdtest.Eventually(t, "a refusal", func() bool { return view(t, m, "alpha").Err != manager.ErrPending })
	var refused *guard.OpError
	require.ErrorAs(t, view(t, m, "alpha").Err, &refused)
	require.Equal(t, hosts[0], refused.Endpoint)

	alpha := etcdtest.StartClusterOn(t, "alpha", hosts)
	alpha.Put(t, jobKey, "1")
	awaitJob(t, m, "alpha", "1")
	_, ok = m.View("beta")
	require.False(t, ok)
}

func TestAnUnchangedTargetKeepsItsRuntime(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 3)
	m := startManager(t, brisk(), to(alpha))
	awaitHealthy(t, m, "alpha")
	reordered := to(alpha)
	slices.Reverse(reordered.Endpoints)
	reordered.Endpoints = append(reordered.Endpoints, " "+reordered.Endpoints[0]+" ")
	require.NoError(t, m.Apply(t.Context(), []manager.Target{reordered}))
	alpha.Put(t, jobKey, "1")
	awaitJob(t, m, "alpha", "1")
	require.Len(t, alpha.Watches(jobPrefix), 1)
}

func TestAChangedTargetIsServedByTheOldRuntimeUntilTheNewOneAnswers(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 2)
	m := startManager(t, brisk(), to(alpha))
	awaitHealthy(t, m, "alpha")
	alpha.Put(t, jobKey, "1")
	awaitJob(t, m, "alpha", "1")

	nowhere := to(alpha)
	nowhere.Endpoints = etcdtest.FreeHosts(t, 1)
	require.NoError(t, m.Apply(t.Context(), []manager.Target{nowhere}))
	alpha.Put(t, jobKey, "2")
	awaitJob(t, m, "alpha", "2")
	require.True(t, view(t, m, "alpha").Healthy)

	elsewhere := to(alpha)
	elsewhere.Endpoints = elsewhere.Endpoints[1:]
	revision := view(t, m, "alpha").Revision
	require.NoError(t, m.Apply(t.Context(), []manager.Target{elsewhere}))
	etcdtest.Eventually(t, "the successor", func() bool {
		v := view(t, m, "alpha")
		require.Equal(t, "2", job(v))
		require.GreaterOrEqual(t, v.Revision, revision)
		require.True(t, v.Healthy)
		revision = v.Revision
		return v.Prefixes[servicePrefix].Endpoint == elsewhere.Endpoints[0]
	})
	alpha.Put(t, jobKey, "3")
	awaitJob(t, m, "alpha", "3")
	require.NoError(t, m.Apply(t.Context(), nil))
	requireNothingLeft(t, alpha)
}

func TestReturningToTheOldTargetStopsTheSuccessor(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	m := startManager(t, brisk(), to(alpha))
	awaitHealthy(t, m, "alpha")
	changed := to(alpha)
	changed.TLS = &tls.Config{}
	changed.Endpoints = etcdtest.FreeHosts(t, 1)
	require.NoError(t, m.Apply(t.Context(), []manager.Target{changed}))
	require.NoError(t, m.Apply(t.Context(), []manager.Target{changed}))
	require.NoError(t, m.Apply(t.Context(), []manager.Target{to(alpha)}))
	require.True(t, view(t, m, "alpha").Healthy)
	require.Len(t, alpha.Watches(jobPrefix), 1)
}

func TestARemovedClusterLeavesNothingBehindAndTheOthersAlone(t *testing.T) {
	alpha, beta := etcdtest.StartCluster(t, "alpha", 1), etcdtest.StartCluster(t, "beta", 1)
	cfg := brisk()
	cfg.Registration = instance("one")
	m := startManager(t, cfg, to(alpha), to(beta))
	awaitHealthy(t, m, "alpha")
	awaitHealthy(t, m, "beta")
	etcdtest.Eventually(t, "the registration", func() bool { return len(alpha.Keys(t, ownPrefix)) == 2 })

	require.NoError(t, m.Apply(t.Context(), []manager.Target{to(beta)}))
	_, ok := m.View("alpha")
	require.False(t, ok)
	require.Zero(t, alpha.Network.Open())
	require.Empty(t, alpha.Leases(t))
	require.Empty(t, alpha.Keys(t, ownPrefix))
	require.True(t, view(t, m, "beta").Healthy)
	require.Len(t, beta.Watches(jobPrefix), 1)
}

func TestApplyEndsWithItsContextAndTheClosingGoesOn(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	m := startManager(t, brisk(), to(alpha))
	awaitHealthy(t, m, "alpha")
	err := m.Apply(canceled(), nil)
	if err != nil {
		require.ErrorIs(t, err, context.Canceled)
	}
	require.NoError(t, m.Close())
	requireNothingLeft(t, alpha)
}

func TestAfterCloseNothingIsLeft(t *testing.T) {
	alpha, beta := etcdtest.StartCluster(t, "alpha", 3), etcdtest.StartCluster(t, "beta", 1)
	cfg := brisk()
	cfg.Registration = instance("one")
	m := startManager(t, cfg, to(alpha), to(beta),
		manager.Target{Cluster: "gamma", Endpoints: etcdtest.FreeHosts(t, 2)})
	awaitHealthy(t, m, "alpha")
	awaitHealthy(t, m, "beta")
	require.NoError(t, m.Close())
	requireNothingLeft(t, alpha, beta)
	require.Empty(t, alpha.Leases(t))

	require.ErrorIs(t, m.Apply(t.Context(), nil), manager.ErrClosed)
	_, ok := m.View("alpha")
	require.False(t, ok)
	require.NoError(t, m.Close())
}

func TestApplyMayBeCalledFromEverywhereAtOnce(t *testing.T) {
	alpha, beta := etcdtest.StartCluster(t, "alpha", 1), etcdtest.StartCluster(t, "beta", 1)
	cfg := brisk()
	cfg.Registration = instance("one")
	m := startManager(t, cfg)
	var calls errgroup.Group
	sets := [][]manager.Target{nil, {to(alpha)}, {to(beta), to(alpha)}, {to(beta)}}
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
	etcdtest.Eventually(t, "the registration", func() bool { return len(alpha.Keys(t, ownPrefix)) == 2 })
	require.NoError(t, m.Close())
	requireNothingLeft(t, alpha, beta)
	require.Empty(t, alpha.Leases(t))
}
