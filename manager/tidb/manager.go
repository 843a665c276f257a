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
	// Manager is the configuration of the manager below. Its Prefixes are added to those of TiDB, and its OnChange is
	// called as ever.
	Manager manager.Config
	// Keyspaces adds the TiDB servers of keyspaces, below /keyspaces/tidb/, to the backends. It costs each cluster
	// another guarded watch, with its stream, its probes and every event below that prefix. Default false.
	Keyspaces bool
	// StaleAfter is how old the last proof that a cluster's backends are complete may be before
	// [Manager.Topology] marks them stale. Default 5 s.
	StaleAfter time.Duration
	// OnChange is called after every change of what [Manager.View] answers for a cluster, as manager.Config.OnChange is;
	// the last view of a cluster that is no longer managed has an Err that is a *manager.ClusterGoneError. Nil: nobody is
	// told.
	OnChange func(cluster string, v View)
}

func (c Config) logger() *zap.Logger {
	if c.Manager.Logger == nil {
		return zap.NewNop()
	}
	return c.Manager.Logger
}

// PresetBR has the figures of TiDB BR's checkpoint advancer (TiDB pull request 69047), for manager.Config.Watch:
// progress asked for every 30 s, an idle timeout of 90 s, reads and watch creations that may take 5, then 10, then
// 15 s. It keeps the freshness probe, which BR does not have and without which a leader with a hung disk is never left;
// set WithoutProbe for BR's behavior to the letter.
func PresetBR() guard.Options {
	return guard.Options{
		ProgressInterval: 30 * time.Second,
		IdleTimeout:      90 * time.Second,
		RequestTimeout:   5 * time.Second,
		CreateTimeout:    5 * time.Second,
		Escalation:       3,
	}
}

// Manager is a [manager.Manager] that knows what TiDB's keys mean. All its methods may be called concurrently.
type Manager struct {
	*manager.Manager
	cfg Config

	// From clusters on, mu guards the fields. It is never held while waiting.
	mu       sync.RWMutex
	clusters map[string]known
	changed  chan struct{}
}

// known is what is shown of a cluster.
type known struct {
	reading *cluster
	view    View
}

// New makes a manager of no clusters yet, or says everything that is wrong with the config.
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

// take takes in the manager's next view of a cluster.
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

// View is what is known of a cluster now, and whether it is managed at all. It does not wait for anything, and is cheap
// enough to be polled.
func (m *Manager) View(cluster string) (View, bool) {
	below, ok := m.Manager.View(cluster)
	if !ok {
		return View{}, false
	}
	v, _ := m.look(cluster, below)
	return v, true
}

// look returns the view of a cluster that is managed, and what is closed when there is another one.
func (m *Manager) look(cluster string, below manager.View) (View, <-chan struct{}) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if now, ok := m.clusters[cluster]; ok && now.reading.tenure == below.Tenure {
		return now.view, m.changed
	}
	return View{Backends: map[string]Backend{}, Checkpoints: map[string]uint64{}, Err: manager.ErrPending}, m.changed
}
