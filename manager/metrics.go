package manager

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Why a watch's stream left its member, or did not get a seat on it.
const (
	reasonBroken    = "broken"
	reasonUnseated  = "not-seated"
	reasonIdle      = "idle"
	reasonStale     = "stale"
	reasonCompacted = "compacted"
	reasonExpelled  = "expelled"
)

// What a probe showed.
const (
	probeComplete   = "complete"
	probeNewer      = "newer"
	probePast       = "past"
	probeUnanswered = "unanswered"
)

var (
	reasons  = []string{reasonBroken, reasonUnseated, reasonIdle, reasonStale, reasonCompacted, reasonExpelled}
	outcomes = []string{probeComplete, probeNewer, probePast, probeUnanswered}
)

// MetricNames are what a manager exports to [Config.Registerer], all with the label cluster, for as long as it manages
// the cluster:
//   - staleness_seconds: the age of the last proof that the view is complete; absent until the first one;
//   - healthy: 1 while [View.Healthy], 0 otherwise;
//   - reattaches_total, by reason: how often a stream left its member, or failed to sit down on one (not-seated);
//   - probes_total, by outcome: complete, newer (something a watch had yet to deliver then), past, unanswered;
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

// metrics is what the manager counts, read when it is scraped: a cluster that is gone leaves nothing behind.
type metrics struct {
	descriptions []*prometheus.Desc

	mu       sync.Mutex
	clusters map[string]*tally
}

// tally is what is counted of one cluster. It outlives a runtime that is replaced. A nil one counts nothing.
type tally struct {
	mu         sync.Mutex
	reattaches map[string]uint64
	probes     map[string]uint64
	idles      uint64
	// sources are the runtimes of the cluster: one, or two while one replaces the other.
	sources map[*board]*pool
}

func newMetrics() *metrics {
	m := &metrics{clusters: make(map[string]*tally)}
	for i, text := range []string{
		"Age of the last proof that the view of the cluster is complete.",
		"Whether every watch on the cluster has a seat.",
		"How often a watch left its member or could not sit down on one, by reason.",
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

// enter begins to count for a runtime, leave ends it.
func (m *metrics) enter(cluster string, b *board, p *pool) *tally {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.clusters[cluster]
	if t == nil {
		t = &tally{reattaches: make(map[string]uint64), probes: make(map[string]uint64), sources: make(map[*board]*pool)}
		m.clusters[cluster] = t
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sources[b] = p
	return t
}

func (m *metrics) leave(cluster string, b *board) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.clusters[cluster]
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.sources, b)
	if len(t.sources) == 0 {
		delete(m.clusters, cluster)
	}
}

func (t *tally) reattached(reason string) { t.count(func() { t.reattaches[reason]++ }) }

func (t *tally) probed(outcome string) { t.count(func() { t.probes[outcome]++ }) }

func (t *tally) idled() { t.count(func() { t.idles++ }) }

func (t *tally) count(do func()) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	do()
}

// Describe is part of prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range m.descriptions {
		out <- d
	}
}

// Collect is part of prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	m.mu.Lock()
	clusters := maps.Clone(m.clusters)
	m.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(clusters)) {
		for _, metric := range m.of(name, clusters[name]) {
			out <- metric
		}
	}
}

// of are a cluster's metrics now. It holds the tally's lock and sends nothing.
func (m *metrics) of(cluster string, t *tally) (list []prometheus.Metric) {
	add := func(i int, kind prometheus.ValueType, value float64, labels ...string) {
		list = append(list, prometheus.MustNewConstMetric(m.descriptions[i], kind, value, append([]string{cluster}, labels...)...))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var proven time.Time
	healthy, confined := 0.0, 0
	for b, p := range t.sources {
		if at := b.proven(); at.After(proven) {
			proven = at
		}
		if b.view.Load().Healthy {
			healthy = 1
		}
		confined = max(confined, p.confined())
	}
	if !proven.IsZero() {
		add(0, prometheus.GaugeValue, time.Since(proven).Seconds())
	}
	add(1, prometheus.GaugeValue, healthy)
	for _, reason := range reasons {
		add(2, prometheus.CounterValue, float64(t.reattaches[reason]), reason)
	}
	for _, outcome := range outcomes {
		add(3, prometheus.CounterValue, float64(t.probes[outcome]), outcome)
	}
	add(4, prometheus.CounterValue, float64(t.idles))
	add(5, prometheus.GaugeValue, float64(confined))
	return list
}
