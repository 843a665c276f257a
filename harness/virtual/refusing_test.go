package virtual_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// If this test fails, gRPC may have renamed the variable that seam_dialer.go sets.
func TestAClientWithoutTheWorldsDialOptionsIsToldSo(t *testing.T) {
	const want = "in virtual time a client reaches its cluster only with the world's dial options: make its configuration with Target.Config"
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		cli, err := clientv3.New(clientv3.Config{Endpoints: []string{c.Endpoint("m1"), c.Endpoint("m2")}, Logger: zap.NewNop()})
		require.NoError(t, err)
		l.clients = append(l.clients, cli)
		ctx, cancel := context.WithTimeout(l.ctx, time.Second)
		defer cancel()
		_, err = cli.Get(ctx, "k")
		require.ErrorContains(t, err, want)
		_, err = cli.Put(ctx, "k", "v")
		require.ErrorContains(t, err, want)
		_, err = cli.Grant(ctx, 10)
		require.ErrorContains(t, err, want)
		watched, ok := <-cli.Watch(ctx, "k")
		require.True(t, ok)
		require.ErrorContains(t, watched.Err(), want)
		require.NoError(t, ctx.Err(), "it is told at once")
		c.put(c.client(), "k", "with them it works")
	})
}
