package tidb

import (
	"context"
	"encoding/binary"
	"strconv"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// firstCheckpoint has about the size of a real TSO of the 2020s.
const firstCheckpoint = 450_000_000_000_000_000

// checkpointKey is the key of a task's global checkpoint, which BR writes as 8 bytes, big endian.
func checkpointKey(task string) string { return checkpointPrefix + task + "/central_global" }

// advancer raises the global checkpoint of a log backup task by one at each load interval, in the way of BR's advancer.
func advancer(task string) harness.Program {
	subject, key := harness.Subject{Kind: Checkpoint, Name: task}, checkpointKey(task)
	run := func(ctx context.Context, l *harness.Ledger) error {
		pace := l.Pace()
		defer pace.End()
		for next := uint64(firstCheckpoint) + 1; pace.Next(ctx); next++ {
			value := binary.BigEndian.AppendUint64(nil, next)
			if err := l.Write(ctx, subject, strconv.FormatUint(next, 10), clientv3.OpPut(key, string(value))); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
	return harness.Program{Name: "advancer " + task, Run: run}
}
