package manager_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/stormwatch/stormwatch/manager"
)

type registry struct{ *prometheus.Registry }

func newRegistry() registry { return registry{prometheus.NewPedanticRegistry()} }

// sum adds up a metric's values over all series that have the given label values.
func (r registry) sum(t *testing.T, name string, labels ...string) (total float64) {
	t.Helper()
	families, err := r.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			has := make(map[string]bool)
			for _, label := range metric.GetLabel() {
				has[label.GetValue()] = true
			}
			all := true
			for _, label := range labels {
				all = all && has[label]
			}
			if all {
				total += metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
			}
		}
	}
	return total
}

// names are those of all metrics that have values.
func (r registry) names(t *testing.T) (list []string) {
	t.Helper()
	families, err := r.Gather()
	require.NoError(t, err)
	for _, family := range families {
		list = append(list, family.GetName())
	}
	return list
}

func TestMetricsTellWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 2)
		metrics := newRegistry()
		m := startManager(t, manager.Config{Registerer: metrics}, alpha.target())
		time.Sleep(time.Minute + 500*time.Millisecond)
		require.ElementsMatch(t, manager.MetricNames, metrics.names(t))
		require.Equal(t, 1.0, metrics.sum(t, "stormwatch_manager_healthy", "alpha"))
		require.Equal(t, 120.0, metrics.sum(t, "stormwatch_manager_probes_total", "alpha", "complete"))
		require.Equal(t, 0.5, metrics.sum(t, "stormwatch_manager_staleness_seconds", "alpha"), "since the last probe")
		require.Zero(t, metrics.sum(t, "stormwatch_manager_reattaches_total"))

		alpha.members[0].withhold.Store(true)
		alpha.put(checkpointKey, encode(1))
		time.Sleep(2 * time.Second)
		require.Equal(t, 1.0, metrics.sum(t, "stormwatch_manager_reattaches_total", "alpha", "stale"))
		require.Equal(t, 1.0, metrics.sum(t, "stormwatch_manager_reattaches_total", "alpha", "expelled"))
		require.Equal(t, 1.0, metrics.sum(t, "stormwatch_manager_probes_total", "alpha", "newer"))
		require.Equal(t, 1.0, metrics.sum(t, "stormwatch_manager_quarantined_endpoints", "alpha"))
		time.Sleep(31 * time.Second)
		require.Zero(t, metrics.sum(t, "stormwatch_manager_quarantined_endpoints", "alpha"))

		alpha.members[1].mute.Store(true)
		time.Sleep(11 * time.Second)
		// Both watches fall silent at one instant: each leaves for that, or the first takes the other along.
		idle := metrics.sum(t, "stormwatch_manager_idle_timeouts_total", "alpha")
		require.Equal(t, idle, metrics.sum(t, "stormwatch_manager_reattaches_total", "alpha", "idle"))
		require.GreaterOrEqual(t, idle, 1.0)
		require.Equal(t, 2.0, idle+metrics.sum(t, "stormwatch_manager_reattaches_total", "alpha", "expelled")-1)
		require.NoError(t, m.Apply(t.Context(), nil))
		require.Empty(t, metrics.names(t), "nothing is left of a removed cluster")
	})
}

func TestStalenessGrowsWhileNothingIsProven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		metrics := newRegistry()
		startManager(t, manager.Config{Registerer: metrics}, alpha.target())
		time.Sleep(10*time.Second + 100*time.Millisecond)
		alpha.members[0].hang.Store(true)
		time.Sleep(time.Minute)
		require.InDelta(t, 60.1, metrics.sum(t, "stormwatch_manager_staleness_seconds", "alpha"), 1)
		require.Equal(t, 1.0, metrics.sum(t, "stormwatch_manager_healthy", "alpha"), "progress is still answered")
		require.Greater(t, metrics.sum(t, "stormwatch_manager_probes_total", "unanswered"), 50.0)
		alpha.members[0].hang.Store(false)
		time.Sleep(3 * time.Second)
		require.Less(t, metrics.sum(t, "stormwatch_manager_staleness_seconds", "alpha"), 1.5)
	})
}

func TestWithoutTheProbeTheLastWordIsTheProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		metrics := newRegistry()
		startManager(t, manager.Config{Registerer: metrics, WithoutProbe: true}, alpha.target())
		time.Sleep(time.Minute + time.Second)
		require.LessOrEqual(t, metrics.sum(t, "stormwatch_manager_staleness_seconds", "alpha"), 3.0)
	})
}

func TestAClosedManagerTakesItsMetricsAlong(t *testing.T) {
	metrics := newRegistry()
	m, err := manager.New(manager.Config{Registerer: metrics})
	require.NoError(t, err)
	_, err = manager.New(manager.Config{Registerer: metrics})
	require.ErrorContains(t, err, "register metrics")
	require.NoError(t, m.Close())
	again, err := manager.New(manager.Config{Registerer: metrics})
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestLogLinesNameClusterEndpointKeyAndElapsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 2)
		core, logs := observer.New(zap.InfoLevel)
		cfg := manager.Config{Logger: zap.New(core)}
		// The fake knows no leases, so that the registration never stands.
		cfg.Registration.Address = "proxy-1:6000"
		m := startManager(t, cfg, alpha.target())
		time.Sleep(time.Second)
		alpha.members[0].withhold.Store(true)
		alpha.put(checkpointKey, "short")
		time.Sleep(10 * time.Second)
		require.NoError(t, m.Close())
		requirePlaced(t, logs, "watch took a seat", "watch left its member", "value ignored", "registration is delayed")
	})
}

// requirePlaced checks that there are lines of each message, and that they say where.
func requirePlaced(t *testing.T, logs *observer.ObservedLogs, messages ...string) {
	t.Helper()
	for _, message := range messages {
		found := logs.FilterMessage(message).All()
		require.NotEmpty(t, found, message)
		for _, line := range found {
			fields := line.ContextMap()
			require.Equal(t, "alpha", fields["cluster"], message)
			require.NotEmpty(t, fields["endpoint"], message)
			require.NotEmpty(t, fields["key"], message)
			require.Contains(t, fields, "elapsed", message)
		}
	}
}

func TestEachClusterHasMetricsOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha, beta, gamma := startFake(t, 2), startFake(t, 2), startFake(t, 1)
		metrics := newRegistry()
		targets := []manager.Target{alpha.target(), beta.target(), gamma.target()}
		targets[1].Cluster, targets[2].Cluster = "beta", "gamma"
		gamma.members[0].refuse.Store(true)
		startManager(t, manager.Config{Registerer: metrics}, targets...)
		time.Sleep(10*time.Second + 500*time.Millisecond)
		alpha.members[0].withhold.Store(true)
		alpha.put(checkpointKey, encode(1))
		time.Sleep(2 * time.Second)
		of := func(name string, labels ...string) float64 {
			return metrics.sum(t, "stormwatch_manager_"+name, labels...)
		}
		require.Equal(t, 1.0, of("healthy", "alpha"))
		require.Equal(t, 1.0, of("healthy", "beta"))
		require.Zero(t, of("healthy", "gamma"))
		require.Equal(t, 1.0, of("quarantined_endpoints", "alpha"))
		require.Zero(t, of("quarantined_endpoints", "beta"))
		require.Equal(t, 2.0, of("reattaches_total", "alpha"))
		require.Zero(t, of("reattaches_total", "beta"))
		require.Equal(t, 24.0, of("probes_total", "beta", "complete"))
		require.Zero(t, of("probes_total", "gamma"))
		require.Equal(t, 0.5, of("staleness_seconds", "beta"))
		require.Positive(t, of("reattaches_total", "gamma", "not-seated"))
		require.Equal(t, of("reattaches_total", "gamma"), of("reattaches_total", "gamma", "not-seated"))
	})
}

func TestAConnectionThatBreaksIsCountedAsThat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 2)
		metrics := newRegistry()
		startManager(t, manager.Config{Registerer: metrics, IdleTimeout: time.Hour, WithoutProbe: true}, alpha.target())
		time.Sleep(time.Second)
		// Keepalive breaks it.
		alpha.members[0].freeze()
		time.Sleep(30 * time.Second)
		require.Equal(t, 2.0, metrics.sum(t, "stormwatch_manager_reattaches_total", "alpha", "broken"))
		require.Equal(t, 2.0, metrics.sum(t, "stormwatch_manager_reattaches_total"))
	})
}
