package virtual_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/record"
)

func TestAWatchThatBeginsPastItsMemberIsRecordedAsAhead(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 1)
		cli := c.client()
		c.put(cli, "k", "v")
		reached := c.revision("m1")
		for _, options := range [][]clientv3.OpOption{nil, {clientv3.WithRev(reached)}, {clientv3.WithRev(reached + 1)}} {
			created := <-cli.Watch(l.ctx, "k", append(options, clientv3.WithCreatedNotify())...)
			require.True(t, created.Created)
		}
		var ahead []bool
		l.env.Recorder.Look(func(r *record.Record) {
			for _, w := range r.Watches {
				ahead = append(ahead, w.Ahead)
			}
		})
		require.Equal(t, []bool{false, false, true}, ahead)
	})
}
