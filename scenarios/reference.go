package scenarios

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/stormwatch/stormwatch/fakes/services"
	"github.com/stormwatch/stormwatch/fakes/tidb"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
	managertidb "github.com/stormwatch/stormwatch/manager/tidb"
	"github.com/stormwatch/stormwatch/manager/tiproxy"
)

// Reference is the reference manager: with the workload tidb it is package manager/tidb with TiProxy's registration, with other workloads
// package manager.
func Reference() harness.Candidate {
	return candidate("reference", "Everything guarded has, a freshness probe through another member, and quarantine.", func(*guard.Options) {})
}

// Hedged is the reference manager with two streams on two members for each prefix.
func Hedged() harness.Candidate {
	c := candidate("hedged", "The reference manager, hedged: each prefix through two members at once, the first to deliver wins.",
		func(o *guard.Options) { o.Hedged = true })
	c.Streams = 2
	return c
}

// PresetBR is the reference manager with the options of manager/tidb.PresetBR.
func PresetBR() harness.Candidate {
	preset := managertidb.PresetBR()
	c := candidate("br-preset", "The reference manager with BR's own figures whatever the engine: sensible in virtual time only.",
		func(o *guard.Options) { o.Escalation = preset.Escalation })
	c.Timing = func(suggested bound.Manager) bound.Manager {
		suggested.ProgressInterval, suggested.IdleTimeout = preset.ProgressInterval, preset.IdleTimeout
		suggested.RequestTimeout = preset.RequestTimeout
		return suggested
	}
	return c
}

func candidate(name, summary string, change func(*guard.Options)) harness.Candidate {
	return harness.Candidate{
		Name: name, Summary: summary, Workloads: []*harness.Workload{tidb.Workload(), services.Workload()},
		New: func(s harness.Setup) (harness.Manager, error) {
			cfg := configure(s)
			change(&cfg.Watch)
			address := fmt.Sprintf("10.0.0.%d:6000", 8+10*(s.Number-1)) // 10.0.0.9 is the neighbour of the workload tidb
			if s.Workload.Name == tidb.Workload().Name {
				return newTiDB(cfg, address)
			}
			return newGeneric(cfg, s.Workload, address)
		},
	}
}

// configure returns the production configuration with the intervals of the timing in force.
func configure(s harness.Setup) manager.Config {
	t := s.Timing
	return manager.Config{
		Watch: guard.Options{
			ProgressInterval: t.ProgressInterval, IdleTimeout: t.IdleTimeout,
			ProbeInterval: t.ProbeInterval, ProbeTimeout: t.ProbeTimeout, ProbeGrace: t.ProbeGrace,
			RequestTimeout: t.RequestTimeout, CreateTimeout: t.RequestTimeout, BackoffCap: t.BackoffCap,
			SyncInterval: t.Sync,
		},
		LeaseTTL:        t.LeaseTTL,
		RefreshInterval: t.Refresh,
		RegisterTimeout: min(t.RequestTimeout, 2*t.Election),
		RegisterPause:   t.BackoffCap / 3,
		CloseTimeout:    t.RequestTimeout,
		Logger:          s.Log,
		Rand:            s.Rand,
	}
}

// reference adapts a manager.Manager to the interface harness.Manager. An adapter for your own manager looks like this.
type reference struct {
	*manager.Manager
	view func(cluster string) (harness.View, bool)
	// push is set before the first Apply, and called with each new view; nil if nobody asked for them.
	push func(cluster string, v harness.View)
}

func (r *reference) View(cluster string) (harness.View, bool) { return r.view(cluster) }

func (r *reference) Push(f func(cluster string, v harness.View)) { r.push = f }

// changed pushes a view, except for the last view of a cluster, which only says that the cluster is gone.
func (r *reference) changed(cluster string, v harness.View) {
	var gone *manager.ClusterGoneError
	if r.push != nil && !errors.As(v.Err, &gone) {
		r.push(cluster, v)
	}
}

func (r *reference) Apply(ctx context.Context, targets []harness.Target) error {
	own := make([]manager.Target, len(targets))
	for i, t := range targets {
		own[i] = manager.Target{
			Cluster: t.Cluster, Endpoints: t.Endpoints, TLS: t.TLS, Username: t.Username, Password: t.Password, DialOptions: t.DialOptions,
		}
	}
	return r.Manager.Apply(ctx, own)
}

// newTiDB makes a manager that interprets TiDB's keys and registers as TiProxy does.
func newTiDB(cfg manager.Config, address string) (harness.Manager, error) {
	var err error
	if cfg.Registration, err = (tiproxy.Instance{Address: address, Version: "reference"}).Registration(); err != nil {
		return nil, err
	}
	r := &reference{}
	m, err := managertidb.New(managertidb.Config{
		Manager:  cfg,
		OnChange: func(cluster string, v managertidb.View) { r.changed(cluster, ofTiDB(v)) },
	})
	if err != nil {
		return nil, err
	}
	r.Manager = m.Manager
	r.view = func(cluster string) (harness.View, bool) {
		v, ok := m.View(cluster)
		return ofTiDB(v), ok
	}
	return r, nil
}

func ofTiDB(v managertidb.View) harness.View {
	facts := harness.Facts{}
	for address, b := range v.Backends {
		facts[harness.Subject{Kind: tidb.Backend, Name: address}] = strconv.FormatInt(b.StartTimestamp, 10)
	}
	for task, checkpoint := range v.Checkpoints {
		facts[harness.Subject{Kind: tidb.Checkpoint, Name: task}] = strconv.FormatUint(checkpoint, 10)
	}
	return harness.View{Facts: facts, Revision: v.Revision, Health: health(v.Healthy), Err: v.Err}
}

// newGeneric makes a manager that watches the prefixes of any workload and registers one key of its own.
func newGeneric(cfg manager.Config, w *harness.Workload, address string) (harness.Manager, error) {
	cfg.Prefixes = w.Prefixes
	cfg.Registration = manager.Registration{Keys: []manager.KeyValue{{Key: "/managers/reference/" + address, Value: address}}}
	of := func(v manager.View) harness.View {
		values := map[string]string{}
		for _, s := range v.Prefixes {
			for key, value := range s.Values {
				values[key] = value.Value
			}
		}
		return harness.View{Facts: w.Facts(values), Revision: v.Revision, Health: health(v.Healthy), Err: v.Err}
	}
	r := &reference{}
	cfg.OnChange = func(cluster string, v manager.View) { r.changed(cluster, of(v)) }
	m, err := manager.New(cfg)
	if err != nil {
		return nil, err
	}
	r.Manager = m
	r.view = func(cluster string) (harness.View, bool) {
		v, ok := m.View(cluster)
		return of(v), ok
	}
	return r, nil
}

func health(healthy bool) harness.Health {
	if healthy {
		return harness.UpToDate
	}
	return harness.OutOfDate
}
