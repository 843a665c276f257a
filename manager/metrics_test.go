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
	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

type registry struct{ *prometheus.Registry }

func newRegistry() registry { return registry{prometheus.NewPedanticRegistry()} }

// metered is the production setting with metrics.
func metered(r registry, o guard.Options) manager.Config {
	cfg := watching(o)
	cfg.Registerer = r
	return cfg
}

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
		alpha := etcdtest.StartFake(t, 2)
		metrics := newRegistry()
		m := startManager(t, metered(metrics, guard.Options{}), toFake(alpha, "alpha"))
		time.Sleep(time.Minute + 500*time.Millisecond)
		require.ElementsMatch(t, manager.MetricNames, metrics.names(t))
		require.Equal(t, 1.0, metrics.sum(t, "stormwatch_manager_healthy", "alpha"))
		require.Equal(t, 60.0, metrics.sum(t, "stormwatch_manager_probes_total", "alpha", "complete"))
		require.Equal(t, 0.5, metrics.sum(t, "stormwatch_manager_staleness_seconds", "alpha"), "since the last probe")
		require.Zero(t, metrics.sum(t, "stormwatch_manager_reattaches_total"))

		alpha.Members[0].Withhold.Store(true)
		alpha.Put(jobKey, "1")
		time.Sleep(2 * time.Second)
		require.Equal(t, 1.0, metrics.sum(t, "stormwatch_manager_reattaches_total", "alpha", "stale"))
		require.Equal(t, 1.0, metrics.sum(t, "stormwatch_manager_reattaches_total", "alpha", "quarantine"))
		require.Equal(t, 1.0, metrics.sum(t, "stormwatch_manager_probes_total", "alpha", "newer"))
		require.Equal(t, 1.0, metrics.sum(t, "stormwatch_manager_quarantined_endpoints", "alpha"))
		time.Sleep(31 * time.Second)
		require.Zero(t, metrics.sum(t, "stormwatch_manager_quarantined_endpoints", "alpha"))

		alpha.Members[1].DropProgress.Store(true)
		time.Sleep(11 * time.Second)
		// Both watches become silent at the same instant. Each may leave for its own silence, or the second because of the
		// quarantine that the first imposed.
		idle := metrics.sum(t, "stormwatch_manager_idle_timeouts_total", "alpha")
		require.Equal(t, idle, metrics.sum(t, "stormwatch_manager_reattaches_total", "alpha", "idle"))
		require.GreaterOrEqual(t, idle, 1.0)
		require.Equal(t, 2.0, idle+metrics.sum(t, "stormwatch_manager_reattaches_total", "alpha", "quarantine")-1)
		require.NoError(t, m.Apply(t.Context(), nil))
		require.Empty(t, metrics.names(t), "nothing is left of a removed cluster")
	})
}

func TestStalenessGrowsWhileNothingIsProven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		metrics := newRegistry()
		startManager(t, metered(metrics, guard.Options{}), toFake(alpha, "alpha"))
		time.Sleep(10*time.Second + 100*time.Millisecond)
		alpha.Members[0].Hang.Store(true)
		time.Sleep(time.Minute)
		require.InDelta(t, 60.1, metrics.sum(t, "stormwatch_manager_staleness_seconds", "alpha"), 1)
		require.Zero(t, metrics.sum(t, "stormwatch_manager_healthy", "alpha"), "progress is still answered, but no probe")
		require.Greater(t, metrics.sum(t, "stormwatch_manager_probes_total", "unanswered"), 25.0)
		alpha.Members[0].Hang.Store(false)
		time.Sleep(3 * time.Second)
		require.Less(t, metrics.sum(t, "stormwatch_manager_staleness_seconds", "alpha"), 1.5)
	})
}

func TestWithoutTheProbeTheLastWordIsTheProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		metrics := newRegistry()
		startManager(t, metered(metrics, guard.Options{WithoutProbe: true}), toFake(alpha, "alpha"))
		time.Sleep(time.Minute + time.Second)
		require.LessOrEqual(t, metrics.sum(t, "stormwatch_manager_staleness_seconds", "alpha"), 3.0)
	})
}

func TestAClosedManagerTakesItsMetricsAlong(t *testing.T) {
	metrics := newRegistry()
	m, err := manager.New(metered(metrics, guard.Options{}))
	require.NoError(t, err)
	_, err = manager.New(metered(metrics, guard.Options{}))
	require.ErrorContains(t, err, "register metrics")
	require.NoError(t, m.Close())
	again, err := manager.New(metered(metrics, guard.Options{}))
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestLogLinesNameClusterEndpointKeyAndElapsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		core, logs := observer.New(zap.InfoLevel)
		cfg := watching(guard.Options{})
		cfg.Logger = zap.New(core)
		cfg.Registration = instance("one")
		m := startManager(t, cfg, toFake(alpha, "alpha"))
		time.Sleep(time.Second)
		alpha.Members[0].Withhold.Store(true)
		alpha.Put(jobKey, "1")
		time.Sleep(3 * time.Second)
		for _, member := range alpha.Members {
			member.Hang.Store(true)
		}
		time.Sleep(time.Minute)
		require.NoError(t, m.Close())
		requirePlaced(t, logs, "watch attached to a member", "watch left its member", "registration is delayed",
			"registration is left to its lease's expiry")
	})
}

// requirePlaced checks that each message was logged, and that its lines have the fields of a Where.
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
		alpha, beta, gamma := etcdtest.StartFake(t, 2), etcdtest.StartFake(t, 2), etcdtest.StartFake(t, 1)
		metrics := newRegistry()
		targets := []manager.Target{toFake(alpha, "alpha"), toFake(beta, "beta"), toFake(gamma, "gamma")}
		gamma.Members[0].Refuse.Store(true)
		startManager(t, metered(metrics, guard.Options{}), targets...)
		time.Sleep(10*time.Second + 500*time.Millisecond)
		alpha.Members[0].Withhold.Store(true)
		alpha.Put(jobKey, "1")
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
		require.Equal(t, 12.0, of("probes_total", "beta", "complete"))
		require.Zero(t, of("probes_total", "gamma"))
		require.Equal(t, 0.5, of("staleness_seconds", "beta"))
		require.Positive(t, of("reattaches_total", "gamma", "not-attached"))
		require.Equal(t, of("reattaches_total", "gamma"), of("reattaches_total", "gamma", "not-attached"))
	})
}

func TestAConnectionThatBreaksIsCountedAsThat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		metrics := newRegistry()
		startManager(t, metered(metrics, guard.Options{IdleTimeout: time.Hour, WithoutProbe: true}), toFake(alpha, "alpha"))
		time.Sleep(time.Second)
		// gRPC's keepalive closes the connection.
		alpha.Members[0].Freeze()
		time.Sleep(30 * time.Second)
		require.Equal(t, 2.0, metrics.sum(t, "stormwatch_manager_reattaches_total", "alpha", "broken"))
		require.Equal(t, 2.0, metrics.sum(t, "stormwatch_manager_reattaches_total"))
	})
}
