package fakes

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Advancer moves a backup task's global checkpoint, as BR's advancer does: 8 bytes, big endian, never lower than before.
type Advancer struct {
	Cluster *harness.Cluster
	Task    string

	checkpoint  uint64
	modRevision int64
}

// firstCheckpoint is about what a TSO of the 2020s looks like.
const firstCheckpoint = 450_000_000_000_000_000

// CheckpointKey is where BR keeps a task's global checkpoint.
func CheckpointKey(task string) string {
	return "/tidb/br-stream/checkpoint/" + task + "/central_global"
}

// Run advances the checkpoint by one at each turn of the cluster's load. It returns when ctx ends.
func (a *Advancer) Run(ctx context.Context) error {
	a.checkpoint = firstCheckpoint
	turns := a.Cluster.Turns()
	defer turns.End()
	for turns.Next(ctx, a.Cluster.LoadInterval()) {
		if err := a.advance(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (a *Advancer) advance(ctx context.Context) error {
	next := a.checkpoint + 1
	value := binary.BigEndian.AppendUint64(nil, next)
	key := CheckpointKey(a.Task)
	begun, err := a.Cluster.Commit(ctx, func(ctx context.Context, client *clientv3.Client) error {
		// An attempt that timed out may have been carried out. The guard lets only one of all attempts through, and tells
		// which revision it got.
		resp, err := client.Txn(ctx).
			If(clientv3.Compare(clientv3.ModRevision(key), "=", a.modRevision)).
			Then(clientv3.OpPut(key, string(value))).
			Else(clientv3.OpGet(key)).
			Commit()
		if err != nil {
			return err
		}
		a.modRevision = resp.Header.Revision
		if !resp.Succeeded {
			a.modRevision, err = madeBefore(resp, string(value))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("advance %s to %d: %w", a.Task, next, err)
	}
	a.checkpoint = next
	a.Cluster.Record(begun, record.Subject{Kind: record.Checkpoint, Name: a.Task}, strconv.FormatUint(next, 10), a.modRevision)
	return nil
}

// madeBefore is the revision at which an earlier attempt put the value.
func madeBefore(resp *clientv3.TxnResponse, value string) (int64, error) {
	for _, kv := range resp.Responses[0].GetResponseRange().GetKvs() {
		if string(kv.Value) == value {
			return kv.ModRevision, nil
		}
	}
	return 0, fmt.Errorf("somebody else wrote the checkpoint: %v", resp.Responses[0])
}
