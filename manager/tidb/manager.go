package tidb

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
)

// Config says how TiDB's keys are watched. The zero value is the production setting.
type Config struct {
	// Manager is the configuration of the manager.Manager that is used. Its Prefixes are watched besides those of TiDB,
	// and its OnChange is called as usual.
	Manager manager.Config
	// Keyspaces adds the TiDB servers of keyspaces, below /keyspaces/tidb/, to the backends. It costs each cluster
	// another guarded watch, with its stream, its probes and every event below that prefix. Default false.
	Keyspaces bool
	// StaleAfter is how old the last proof that a cluster's backends are complete may be before
	// [Manager.Topology] marks them stale. Default 5 s.
	StaleAfter time.Duration
	// OnChange is called after every change of a cluster's [Manager.View], in the way of manager.Config.OnChange. The last
	// view of a cluster that is no longer managed has a *manager.ClusterGoneError as its Err. Nil: it is not called.
	OnChange func(cluster string, v View)
}

func (c Config) logger() *zap.Logger {
	if c.Manager.Logger == nil {
		return zap.NewNop()
	}
	return c.Manager.Logger
}

// PresetBR returns options for manager.Config.Watch with the timing of TiDB BR's checkpoint advancer (TiDB pull request
// 69047): a progress request every 30 s, an idle timeout of 90 s, and timeouts of 5, then 10, then 15 s for reads and watch
// creations. They include the freshness probe, which BR does not have: without it a leader with a hung disk is never left.
// Set WithoutProbe for exactly what BR does.
func PresetBR() guard.Options {
	return guard.Options{
		ProgressInterval: 30 * time.Second,
		IdleTimeout:      90 * time.Second,
		RequestTimeout:   5 * time.Second,
		CreateTimeout:    5 * time.Second,
		Escalation:       3,
	}
}

// Manager is a [manager.Manager] that interprets TiDB's keys. All its methods are safe for concurrent use.
type Manager struct {
	*manager.Manager
	cfg Config

	// From clusters on, mu guards the fields. It is never held while waiting.
	mu       sync.RWMutex
	clusters map[string]known
	changed  chan struct{}
}

// known is what View returns for a cluster.
type known struct {
	reading *cluster
	view    View
}

// New makes a manager without clusters. The error names everything that is wrong with the config.
func New(cfg Config) (*Manager, error) {
	if cfg.StaleAfter < 0 {
		return nil, fmt.Errorf("invalid config: stale after is negative: %v", cfg.StaleAfter)
	}
	if cfg.StaleAfter == 0 {
		cfg.StaleAfter = 5 * time.Second
	}
	m := &Manager{cfg: cfg, clusters: make(map[string]known), changed: make(chan struct{})}
	below := cfg.Manager
	below.Prefixes = append([]string{topologyPrefix, checkpointPrefix}, below.Prefixes...)
	if cfg.Keyspaces {
		below.Prefixes = append(below.Prefixes, keyspacePrefix)
	}
	below.OnChange = func(cluster string, v manager.View) {
		m.take(cluster, v)
		if cfg.Manager.OnChange != nil {
			cfg.Manager.OnChange(cluster, v)
		}
	}
	var err error
	m.Manager, err = manager.New(below)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// take updates what is known of a cluster by the manager's next view of it.
func (m *Manager) take(name string, v manager.View) {
	m.mu.Lock()
	var next View
	var gone *manager.ClusterGoneError
	if errors.As(v.Err, &gone) {
		delete(m.clusters, name)
		next.Err = v.Err
	} else {
		reading := m.clusters[name].reading
		if reading == nil || !reading.belongs(v) {
			reading = newCluster(m.cfg, name, v)
		}
		next = reading.take(v)
		m.clusters[name] = known{reading: reading, view: next}
	}
	close(m.changed)
	m.changed = make(chan struct{})
	m.mu.Unlock()
	if m.cfg.OnChange != nil {
		m.cfg.OnChange(name, next)
	}
}

// View is what is known of a cluster now. It is false if the manager does not manage the cluster. It does not block, and is
// cheap enough to be polled.
func (m *Manager) View(cluster string) (View, bool) {
	tenure, ok := m.Tenure(cluster)
	if !ok {
		return View{}, false
	}
	v, _ := m.look(cluster, tenure)
	return v, true
}

// look returns the view of a cluster in a tenure, and a channel that is closed when there is a newer one.
func (m *Manager) look(cluster string, tenure uint64) (View, <-chan struct{}) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if now, ok := m.clusters[cluster]; ok && now.reading.tenure == tenure {
		return now.view, m.changed
	}
	return View{Backends: map[string]Backend{}, Checkpoints: map[string]uint64{}, Err: manager.ErrPending}, m.changed
}
