package manager

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// MetricNames are the metrics that a manager exports to [Config.Registerer] for each managed cluster, with the label
// cluster:
//   - staleness_seconds: the age of the last proof that the view is complete; absent until the first one;
//   - healthy: 1 while [View.Healthy], 0 otherwise;
//   - reattaches_total, by reason: how often a stream left its member, or failed to attach to one (not-attached);
//   - probes_total, by outcome: complete, newer (something that the watch had not delivered yet), past, unanswered;
//   - idle_timeouts_total: how often a member was silent for the idle timeout;
//   - quarantined_endpoints: how many endpoints are avoided now.
var MetricNames = []string{
	"stormwatch_manager_staleness_seconds",
	"stormwatch_manager_healthy",
	"stormwatch_manager_reattaches_total",
	"stormwatch_manager_probes_total",
	"stormwatch_manager_idle_timeouts_total",
	"stormwatch_manager_quarantined_endpoints",
}

// metrics collects the manager's metrics when they are scraped, so that no series of a removed cluster remains.
type metrics struct {
	descriptions []*prometheus.Desc

	// From clusters on, mu guards the fields.
	mu       sync.Mutex
	clusters map[string]*clusterMetrics
}

// clusterMetrics are the counts of one cluster. They go on when its runtime is replaced. metrics.mu guards them.
type clusterMetrics struct {
	stats guard.Stats
	// runtimes are those of the cluster: one, or two while one replaces the other.
	runtimes map[*runtime]bool
}

func newMetrics() *metrics {
	m := &metrics{clusters: make(map[string]*clusterMetrics)}
	for i, text := range []string{
		"Age of the last proof that the view of the cluster is complete.",
		"Whether every watch on the cluster is attached to a member.",
		"How often a watch left its member or could not attach to one, by reason.",
		"Freshness probes, by outcome.",
		"How often a member was silent for the idle timeout.",
		"Endpoints in quarantine.",
	} {
		labels := []string{"cluster"}
		switch i {
		case 2:
			labels = append(labels, "reason")
		case 3:
			labels = append(labels, "outcome")
		}
		m.descriptions = append(m.descriptions, prometheus.NewDesc(MetricNames[i], text, labels, nil))
	}
	return m
}

// stats are the counts of a cluster's watches, which all its runtimes share.
func (m *metrics) stats(cluster string) *guard.Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.clusters[cluster]
	if c == nil {
		c = &clusterMetrics{runtimes: make(map[*runtime]bool)}
		m.clusters[cluster] = c
	}
	return &c.stats
}

// enter adds a runtime to the metrics; leave removes it. The cluster must have stats.
func (m *metrics) enter(r *runtime) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clusters[r.target.Cluster].runtimes[r] = true
}

func (m *metrics) leave(r *runtime) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.clusters[r.target.Cluster]
	delete(c.runtimes, r)
	if len(c.runtimes) == 0 {
		delete(m.clusters, r.target.Cluster)
	}
}

// Describe is part of prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range m.descriptions {
		out <- d
	}
}

// Collect is part of prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	for _, metric := range m.all() {
		out <- metric
	}
}

// all are the metrics of all clusters now. It holds the lock and sends nothing.
func (m *metrics) all() (list []prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(m.clusters)) {
		list = append(list, m.of(name, m.clusters[name])...)
	}
	return list
}

// of are a cluster's metrics now. The caller holds the lock.
func (m *metrics) of(cluster string, c *clusterMetrics) (list []prometheus.Metric) {
	add := func(i int, kind prometheus.ValueType, value float64, labels ...string) {
		list = append(list, prometheus.MustNewConstMetric(m.descriptions[i], kind, value, append([]string{cluster}, labels...)...))
	}
	var proven time.Time
	healthy, quarantined := 0.0, 0
	for r := range c.runtimes {
		view := r.view()
		if at := view.Proven(); at.After(proven) {
			proven = at
		}
		if view.Healthy {
			healthy = 1
		}
		quarantined = max(quarantined, r.client.Quarantined())
	}
	if !proven.IsZero() {
		add(0, prometheus.GaugeValue, time.Since(proven).Seconds())
	}
	add(1, prometheus.GaugeValue, healthy)
	counts := c.stats.Counts()
	for _, reason := range slices.Sorted(maps.Keys(counts.Reattaches)) {
		add(2, prometheus.CounterValue, float64(counts.Reattaches[reason]), reason)
	}
	for _, outcome := range slices.Sorted(maps.Keys(counts.Probes)) {
		add(3, prometheus.CounterValue, float64(counts.Probes[outcome]), outcome)
	}
	add(4, prometheus.CounterValue, float64(counts.Reattaches[guard.ReasonIdle]))
	add(5, prometheus.GaugeValue, float64(quarantined))
	return list
}
