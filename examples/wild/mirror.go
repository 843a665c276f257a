package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/mirror"

	"github.com/stormwatch/stormwatch/fakes/services"
	"github.com/stormwatch/stormwatch/harness"
)

// mirrorSyncer is clientv3's mirror, as etcdctl make-mirror uses it: the base first, then the updates.
func mirrorSyncer() harness.Candidate {
	return harness.Candidate{
		Name: "mirror", Summary: "go.etcd.io/etcd/client/v3/mirror, Syncer.SyncBase and Syncer.SyncUpdates",
		Workloads: []*harness.Workload{services.Workload()}, Timing: plain,
		New: harness.Mirror{Follow: func(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
			return again(ctx, publish, func(ctx context.Context, show func(harness.Facts)) error { return mirrorAll(ctx, client, show) })
		}}.New,
	}
}

// mirrorAll mirrors the instances of the workload services until the updates end.
func mirrorAll(ctx context.Context, client *clientv3.Client, show func(harness.Facts)) error {
	const prefix = "/services/"
	syncer := mirror.NewSyncer(client, prefix, 0)
	known := harness.Facts{}
	subject := func(key []byte) harness.Subject {
		return harness.Subject{Kind: services.Instance, Name: strings.TrimPrefix(string(key), prefix)}
	}
	base, failed := syncer.SyncBase(ctx)
	for resp := range base {
		for _, kv := range resp.Kvs {
			known[subject(kv.Key)] = string(kv.Value)
		}
	}
	if err := <-failed; err != nil {
		return fmt.Errorf("sync the base: %w", err)
	}
	show(maps.Clone(known))
	for changes := range syncer.SyncUpdates(ctx) {
		if err := changes.Err(); err != nil {
			return fmt.Errorf("sync updates: %w", err)
		}
		for _, e := range changes.Events {
			if e.Type == clientv3.EventTypeDelete {
				delete(known, subject(e.Kv.Key))
			} else {
				known[subject(e.Kv.Key)] = string(e.Kv.Value)
			}
		}
		show(maps.Clone(known))
	}
	return errors.New("sync updates: the channel was closed")
}
