package main

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/fakes/services"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/manager/guard"

	"github.com/stormwatch/stormwatch/examples/discovery"
)

// prefix is the prefix of the services that the workload registers.
const prefix = "/services/"

// plain is the discovery client as it is: it has no probe, no idle timeout and no keys of its own.
func plain() harness.Candidate {
	return harness.Candidate{
		Name: "discovery", Summary: "service discovery with a read and a watch", Workloads: []*harness.Workload{services.Workload()},
		New:    harness.Mirror{Follow: follow}.New,
		Timing: func(bound.Manager) bound.Manager { return bound.Manager{} },
	}
}

// follow is the whole adapter of the discovery client.
func follow(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
	registry := discovery.New(client, prefix)
	registry.Changed = func(instances map[string]string, revision int64) { publish(view(instances, revision, nil)) }
	return registry.Run(ctx)
}

// view makes a view with the workload's facts of what the discovery client knows.
func view(instances map[string]string, revision int64, wrong error) harness.View {
	facts := harness.Facts{}
	for name, value := range instances {
		facts[harness.Subject{Kind: services.Instance, Name: name}] = value
	}
	return harness.View{Facts: facts, Revision: revision, Err: wrong}
}

// guarded is the discovery client with a guarded watch and its timing.
func guarded() harness.Candidate {
	c := plain()
	c.Name, c.Summary = "guarded-discovery", "service discovery on a guarded watch"
	c.New = func(s harness.Setup) (harness.Manager, error) {
		return harness.Mirror{FollowTarget: func(ctx context.Context, t harness.Target, publish func(harness.View)) error {
			cluster := guard.Config{
				Endpoints: t.Endpoints, TLS: t.TLS, Username: t.Username, Password: t.Password, DialOptions: t.DialOptions,
				Logger: t.Log, Rand: s.Rand, Options: options(s.Timing.Manager),
			}
			return discovery.Follow(ctx, cluster, prefix, func(instances map[string]string, revision int64, wrong error) {
				publish(view(instances, revision, wrong))
			})
		}}.New(s)
	}
	c.Timing = func(suggested bound.Manager) bound.Manager {
		suggested.LeaseTTL, suggested.Refresh = 0, 0 // it keeps no keys
		return suggested
	}
	return c
}

// options are the options of the guarded watch for an engine's timing: the production setting in virtual time, shorter intervals in real
// time.
func options(t bound.Manager) guard.Options {
	return guard.Options{
		ProgressInterval: t.ProgressInterval, IdleTimeout: t.IdleTimeout,
		ProbeInterval: t.ProbeInterval, ProbeTimeout: t.ProbeTimeout, ProbeGrace: t.ProbeGrace,
		RequestTimeout: t.RequestTimeout, CreateTimeout: t.RequestTimeout, BackoffCap: t.BackoffCap,
		SyncInterval: t.Sync,
	}
}
