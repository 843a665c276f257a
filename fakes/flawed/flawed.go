// Package flawed has managers that each lack something a good one has. They test the harness: one that cannot tell them from the
// reference manager is of no use.
package flawed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// All are the flawed managers, the most flawed first.
func All() []harness.Candidate {
	return []harness.Candidate{
		{Name: "naive", Summary: "A plain read and watch, with the client as it comes.", New: Naive},
		{Name: "no-progress", Summary: "As guarded, without progress requests: silence counts as death.", New: NoProgress},
		{Name: "guarded", Summary: "RequireLeader, progress requests and an idle timeout, no freshness probe (TiDB #69047).", New: Guarded},
		{Name: "br", Summary: "As guarded, with BR's own figures whatever the timing: sensible in virtual time only.", New: BR},
	}
}

// traits are what the managers of this package differ in.
type traits struct {
	// config is the etcd client's, without endpoints and options of the target.
	config clientv3.Config
	// requireLeader asks members without a leader to end the watch.
	requireLeader bool
	// progress is how often a watch is asked for progress; zero: never.
	progress time.Duration
	// idle is how long a watch may deliver nothing; zero: for ever.
	idle time.Duration
	// request bounds a read; zero: nothing does.
	request time.Duration
	// retry is the pause after a failure.
	retry time.Duration
}

// manager watches two prefixes on each cluster through a client of its own.
type manager struct {
	traits traits
	log    *zap.Logger
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	clusters map[string]*runtime
}

func newManager(t traits, s harness.Setup) harness.Manager {
	m := &manager{traits: t, log: s.Log, clusters: map[string]*runtime{}}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m
}

// Apply starts what is new and closes what is gone; endpoints of a cluster that stays are taken not to change.
func (m *manager) Apply(_ context.Context, targets []harness.Target) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	wanted := map[string]bool{}
	for _, t := range targets {
		wanted[t.Cluster] = true
		if m.clusters[t.Cluster] != nil {
			continue
		}
		r, err := m.open(t)
		if err != nil {
			return fmt.Errorf("cluster %s: %w", t.Cluster, err)
		}
		m.clusters[t.Cluster] = r
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(m.clusters)) {
		if !wanted[name] {
			errs = append(errs, m.clusters[name].close())
			delete(m.clusters, name)
		}
	}
	return errors.Join(errs...)
}

func (m *manager) open(t harness.Target) (*runtime, error) {
	config := m.traits.config
	config.Endpoints = t.Endpoints
	config.TLS = t.TLS
	config.DialOptions = append(slices.Clone(config.DialOptions), t.DialOptions...)
	config.Logger = m.log.Named(t.Cluster)
	config.Context = m.ctx
	client, err := clientv3.New(config)
	if err != nil {
		return nil, err
	}
	r := &runtime{traits: m.traits, cluster: t.Cluster, client: client, state: newState()}
	r.ctx, r.cancel = context.WithCancel(m.ctx)
	for _, prefix := range []string{topologyPrefix, checkpointPrefix} {
		r.running.Go(func() { r.follow(prefix) })
	}
	return r, nil
}

// View is what was last seen of the cluster.
func (m *manager) View(cluster string) (harness.View, bool) {
	m.mu.Lock()
	r := m.clusters[cluster]
	m.mu.Unlock()
	if r == nil {
		return harness.View{}, false
	}
	return r.state.view(), true
}

// Close ends all watches and clients.
func (m *manager) Close() error {
	err := m.Apply(context.Background(), nil)
	m.cancel()
	return err
}

// dialing is the client configuration that the good half of the flawed managers share: what TiProxy and BR dial with, at
// the pace of the timing in force.
func dialing(t bound.Timing) clientv3.Config {
	return clientv3.Config{
		DialTimeout:          5 * time.Second,
		DialKeepAliveTime:    10 * time.Second,
		DialKeepAliveTimeout: 3 * time.Second,
		PermitWithoutStream:  true,
		DialOptions:          backoff(t.BackoffCap),
	}
}
