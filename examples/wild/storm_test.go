package main

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/embedded"
)

// Without a quorum each watch fails at once. The watch cache opens the next one without a pause: thousands in the few seconds of this scenario.
// With a pause of a second between two attempts it would be some ten.
func TestTheWatchCacheOpensWatchesWithoutAPauseWhileNobodyLeads(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what takes seconds of real time")
	}
	var opened atomic.Int64
	c := apiserver()
	c.New = func(s harness.Setup) (harness.Manager, error) {
		m, err := apiserver().New(s)
		return counted{m, &opened}, err
	}
	i := slices.IndexFunc(ours(), func(s harness.Scenario) bool { return s.Name == "cut-off-twice-without-quorum" })
	harness.Run(t, embedded.Engine{}, ours()[i], c, harness.Options{Seed: 1})
	t.Logf("%d watch streams opened", opened.Load())
	require.Greater(t, opened.Load(), int64(1000))
}

// counted is a manager whose streams are counted.
type counted struct {
	harness.Manager
	opened *atomic.Int64
}

func (c counted) Apply(ctx context.Context, targets []harness.Target) error {
	for i := range targets {
		targets[i].DialOptions = append(targets[i].DialOptions, grpc.WithChainStreamInterceptor(func(
			ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption,
		) (grpc.ClientStream, error) {
			c.opened.Add(1)
			return open(ctx, desc, cc, method, opts...)
		}))
	}
	return c.Manager.Apply(ctx, targets)
}
