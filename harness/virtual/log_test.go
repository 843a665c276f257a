package virtual_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// If etcd changed this message, pacer would not find it, and a server that repeats itself without a pause would stop virtual time.
func TestMemberThatCannotPublishPauses(t *testing.T) {
	said, log := observer.New(zapcore.WarnLevel)
	inLab(t, func(l *lab) {
		l.env.Log = zap.New(said)
		c := l.cluster("alpha", 3)
		for _, m := range c.names {
			require.NoError(t, c.Kill(l.ctx, m))
		}
		require.ErrorContains(t, c.Restart(l.ctx, "m1"), "does not serve yet")
		require.NotZero(t, log.FilterMessage("failed to publish local member to cluster through raft").Len(),
			"etcd calls a failure to publish something else now: harness/virtual/log.go must be told")
		pass(time.Second)
	})
}
