package scenarios

import (
	"context"
	"slices"

	"github.com/stormwatch/stormwatch/fakes/flawed"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/manager"
)

// Managers are those a scenario can be run with, the reference manager first.
func Managers() []harness.Candidate {
	return slices.Concat([]harness.Candidate{Reference(), Hedged(), PresetBR()}, flawed.All())
}

// Reference is the reference manager of package manager.
func Reference() harness.Candidate {
	return harness.Candidate{
		Name: "reference", Summary: "Everything guarded has, a freshness probe through another member, and quarantine.", New: newReference,
	}
}

// Hedged is the reference manager with two streams on two members for each prefix.
func Hedged() harness.Candidate {
	return harness.Candidate{
		Name: "hedged", Summary: "The reference manager, hedged: each prefix through two members at once, the first to deliver wins.",
		New: newHedged,
	}
}

// PresetBR is the reference manager as manager.PresetBR sets it up.
func PresetBR() harness.Candidate {
	return harness.Candidate{
		Name: "br-preset", Summary: "The reference manager with BR's own figures whatever the timing: sensible in virtual time only.",
		New: newPresetBR,
	}
}

// reference makes a manager.Manager a harness.Manager. It is what an adapter for yours looks like.
type reference struct{ *manager.Manager }

func newReference(s harness.Setup) (harness.Manager, error) {
	return adapt(configure(s))
}

func newHedged(s harness.Setup) (harness.Manager, error) {
	cfg := configure(s)
	cfg.Hedged = true
	return adapt(cfg)
}

func newPresetBR(s harness.Setup) (harness.Manager, error) {
	cfg, preset := configure(s), manager.PresetBR()
	cfg.ProgressInterval, cfg.IdleTimeout = preset.ProgressInterval, preset.IdleTimeout
	cfg.RequestTimeout, cfg.CreateTimeout, cfg.Escalation = preset.RequestTimeout, preset.CreateTimeout, preset.Escalation
	return adapt(cfg)
}

func configure(s harness.Setup) manager.Config {
	t := s.Timing
	return manager.Config{
		Logger:           s.Log,
		Rand:             s.Rand,
		Registration:     manager.Registration{Address: "10.0.0.8:6000", Version: "reference"},
		ProgressInterval: t.ProgressInterval,
		IdleTimeout:      t.IdleTimeout,
		ProbeInterval:    t.ProbeInterval,
		ProbeTimeout:     t.ProbeTimeout,
		ProbeGrace:       t.ProbeGrace,
		RequestTimeout:   t.RequestTimeout,
		CreateTimeout:    t.RequestTimeout,
		BackoffCap:       t.BackoffCap,
		LeaseTTL:         t.LeaseTTL,
		RefreshInterval:  t.Refresh,
		RegisterTimeout:  t.RequestTimeout,
		RegisterPause:    t.Heartbeat,
		CloseTimeout:     t.RequestTimeout,
	}
}

func adapt(cfg manager.Config) (harness.Manager, error) {
	m, err := manager.New(cfg)
	if err != nil {
		return nil, err
	}
	return reference{m}, nil
}

func (r reference) Apply(ctx context.Context, targets []harness.Target) error {
	own := make([]manager.Target, len(targets))
	for i, t := range targets {
		own[i] = manager.Target{Cluster: t.Cluster, Endpoints: t.Endpoints, TLS: t.TLS, DialOptions: t.DialOptions}
	}
	return r.Manager.Apply(ctx, own)
}

func (r reference) View(cluster string) (harness.View, bool) {
	v, ok := r.Manager.View(cluster)
	if !ok {
		return harness.View{}, false
	}
	backends := make(map[string]harness.Backend, len(v.Backends))
	for address, b := range v.Backends {
		backends[address] = harness.Backend{StartTimestamp: b.StartTimestamp}
	}
	return harness.View{
		Backends: backends, Checkpoints: v.Checkpoints, Revision: v.Revision, Healthy: v.Healthy, Err: v.Err,
	}, true
}
