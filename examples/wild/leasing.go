package main

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.etcd.io/etcd/client/v3/leasing"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

const (
	leasedPrefix  = "/leased/"
	leasingPrefix = "/leasing" // the leasing key of a key is this prefix and the key
	// leaseSeconds is the TTL of a reader's lease. A writer waits for so long if a reader that owns a key does not answer.
	leaseSeconds = 5
)

// leasingKV is clientv3's leasing: linearizable reads, from a local cache for as long as this client owns a key's lease. Nothing tells when a value
// changes, so the adapter reads all keys at short intervals.
func leasingKV() harness.Candidate {
	return harness.Candidate{
		Name: "leasing", Summary: "go.etcd.io/etcd/client/v3/leasing, KV.Get (virtual engine only)",
		Workloads: []*harness.Workload{leased()},
		Timing: func(suggested bound.Manager) bound.Manager {
			return bound.Manager{Poll: suggested.ProbeInterval, RequestTimeout: suggested.RequestTimeout}
		},
		New: func(s harness.Setup) (harness.Manager, error) {
			return harness.Mirror{Follow: func(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
				return again(ctx, publish, func(ctx context.Context, show func(harness.Facts)) error {
					return readLeased(ctx, client, s.Timing.Manager, show)
				})
			}}.New(s)
		},
	}
}

// readLeased reads all keys at each poll until ctx ends, each in a goroutine of its own. A key that cannot be read keeps its value.
func readLeased(ctx context.Context, client *clientv3.Client, timing bound.Manager, show func(harness.Facts)) error {
	kv, closeKV, err := leasing.NewKV(client, leasingPrefix, concurrency.WithTTL(leaseSeconds))
	if err != nil {
		return err
	}
	defer closeKV()
	read := make(chan reading)
	var readers sync.WaitGroup
	defer readers.Wait()
	for _, name := range instances() {
		readers.Go(func() { poll(ctx, kv, name, timing, read) })
	}
	addresses := map[string]string{}
	for {
		select {
		case r := <-read:
			if addresses[r.name] = r.address; r.address == "" {
				delete(addresses, r.name)
			}
			show(facts(addresses))
		case <-ctx.Done():
			return nil
		}
	}
}

// reading is what a read has returned: the address of an instance, empty if it has none.
type reading struct{ name, address string }

// poll reads one key at intervals until ctx ends.
func poll(ctx context.Context, kv clientv3.KV, name string, timing bound.Manager, read chan<- reading) {
	ticker := time.NewTicker(timing.Poll)
	defer ticker.Stop()
	for {
		one, cancel := context.WithTimeout(ctx, timing.RequestTimeout)
		resp, err := kv.Get(one, leasedPrefix+name)
		cancel()
		if err == nil {
			r := reading{name: name}
			if len(resp.Kvs) > 0 {
				r.address = string(resp.Kvs[0].Value)
			}
			select {
			case read <- r:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// leased is the workload of instances whose keys are written by the rules of the leasing protocol.
func leased() *harness.Workload {
	r := registry{
		name: "leased", summary: "Instances that announce their addresses by the rules of clientv3's leasing.", prefix: leasedPrefix,
		value: func(_, address string) string { return address },
		write: writeLeased,
	}
	w := r.workload()
	w.Kinds[0].Every = 20 // a writer that waits for a reader's lease writes this seldom
	return w
}

// writer is the value of a leasing key that a writer owns.
const writer = "writer"

// writeLeased writes a key as an owner of its lease. It first becomes the owner: it asks the one before to give the lease up, and waits until that
// has done so or its lease has expired.
func writeLeased(ctx context.Context, l *harness.Ledger, s harness.Subject, value string, op clientv3.Op) error {
	lease := leasingPrefix + string(op.KeyBytes())
	ask := clientv3.OpTxn(
		[]clientv3.Cmp{clientv3.Compare(clientv3.CreateRevision(lease), "=", 0)},
		[]clientv3.Op{clientv3.OpPut(lease, writer)},
		[]clientv3.Op{clientv3.OpTxn(
			[]clientv3.Cmp{clientv3.Compare(clientv3.Value(lease), "=", writer)},
			nil,
			[]clientv3.Op{clientv3.OpPut(lease, "REVOKE", clientv3.WithIgnoreLease())},
		)},
	)
	ticker := time.NewTicker(l.RefreshInterval() / 60)
	defer ticker.Stop()
	for {
		if err := l.Put(ctx, ask); err != nil {
			return err
		}
		owner, _, err := l.Get(ctx, lease)
		if err != nil {
			return err
		}
		if owner == writer {
			return l.Write(ctx, s, value, op, clientv3.OpDelete(lease))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
