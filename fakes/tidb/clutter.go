package tidb

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// clutter is the program that writes, once, what a manager finds below its prefixes and must not take for a fact: a server whose info cannot be read, the
// time to live of a server without any info, the checkpoint of a single store, and a task whose checkpoint is too short.
func clutter(unreadable, unknown string) harness.Program {
	info, ttl := serverKeys(unreadable)
	_, lone := serverKeys(unknown)
	return harness.Program{Name: "clutter", Run: func(ctx context.Context, l *harness.Ledger) error {
		err := l.Put(ctx,
			clientv3.OpPut(info, "{"), clientv3.OpPut(ttl, nanoseconds()), clientv3.OpPut(lone, nanoseconds()),
			clientv3.OpPut(checkpointPrefix+"backup/store/1", "12345678"), clientv3.OpPut(checkpointKey("torn"), "1234567"),
		)
		if err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}}
}
