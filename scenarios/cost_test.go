package scenarios_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/tidb"
	"github.com/stormwatch/stormwatch/manager/tiproxy"
)

// BenchmarkCalm measures what a manager costs while nothing happens, per virtual second: requests, stream messages, and processor time of
// the manager, which is that of manager and clusters together less that of the clusters alone. Clusters have three members, or one if there
// are a hundred clusters.
func BenchmarkCalm(b *testing.B) {
	for _, c := range []struct{ clusters, members int }{{1, 3}, {10, 3}, {100, 1}} {
		for name, options := range map[string]guard.Options{"default": {}, "hedged": {Hedged: true}, "br": tidb.PresetBR()} {
			b.Run(fmt.Sprintf("clusters=%d/%s", c.clusters, name), func(b *testing.B) {
				registration, err := tiproxy.Instance{Address: "10.0.0.8:6000"}.Registration()
				require.NoError(b, err)
				cfg := tidb.Config{Manager: manager.Config{Watch: options, Registration: registration}}
				var spent calm
				for b.Loop() {
					bare, with := beCalm(b, c.clusters, c.members, nil), beCalm(b, c.clusters, c.members, &cfg)
					spent.requests += with.requests
					spent.messages += with.messages
					spent.cpu += with.cpu - bare.cpu
				}
				virtual := float64(b.N) * calmTime.Seconds()
				b.ReportMetric(spent.requests/virtual, "requests/s")
				b.ReportMetric(spent.messages/virtual, "stream-messages/s")
				b.ReportMetric(1000*spent.cpu.Seconds()/virtual, "cpu-ms/s")
			})
		}
	}
}

// calmTime is how long calm is measured for.
const calmTime = 5 * time.Minute

type calm struct {
	requests, messages float64
	cpu                time.Duration
}

// beCalm runs clusters with a manager, or without one if cfg is nil, and returns what that cost after the first minute.
func beCalm(b *testing.B, clusters, members int, cfg *tidb.Config) (spent calm) {
	b.Helper()
	ran := false
	test := testing.InternalTest{Name: b.Name(), F: func(t *testing.T) {
		if ran {
			return
		}
		ran = true
		e := virtual.New(t, 1)
		require.NoError(t, e.Run(func() { spent = beCalmIn(t, e, clusters, members, cfg) }))
	}}
	if !testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{test}) || !ran {
		b.Fatal("the test in the benchmark failed")
	}
	return spent
}

func beCalmIn(t *testing.T, e *virtual.Engine, clusters, members int, cfg *tidb.Config) (spent calm) {
	dir, err := os.MkdirTemp(e.Dir(), "stormwatch-calm-")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	board := point.NewBoard(e.Timing().Heartbeat, nil)
	defer board.Close()
	var requests, messages atomic.Int64
	var targets []manager.Target
	for i := range clusters {
		name := fmt.Sprintf("c%d", i)
		env := harness.Env{
			Timing: e.Timing(), Log: zap.NewNop(), Recorder: record.NewRecorder(e.Timing()), Board: board, Dir: filepath.Join(dir, name),
		}
		require.NoError(t, os.Mkdir(env.Dir, 0o700))
		running, err := e.Start(ctx, harness.Spec{Name: name, Members: members}, env)
		require.NoError(t, err)
		defer running.Close()
		target := manager.Target{Cluster: name, DialOptions: append(running.DialOptions(1), counting(&requests, &messages)...)}
		for m := range members {
			target.Endpoints = append(target.Endpoints, running.Endpoint(fmt.Sprintf("m%d", m+1)))
		}
		targets = append(targets, target)
	}
	if cfg != nil {
		m, err := tidb.New(*cfg)
		require.NoError(t, err)
		defer m.Close()
		require.NoError(t, m.Apply(ctx, targets))
	}
	<-time.After(time.Minute)
	requests.Store(0)
	messages.Store(0)
	before := processorTime(t)
	<-time.After(calmTime)
	return calm{
		requests: float64(requests.Load()), messages: float64(messages.Load()), cpu: processorTime(t) - before,
	}
}

// counting counts the unary requests of a client and the messages that it sends on streams.
func counting(requests, messages *atomic.Int64) []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(
			ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
		) error {
			requests.Add(1)
			return invoke(ctx, method, req, reply, cc, opts...)
		}),
		grpc.WithChainStreamInterceptor(func(
			ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption,
		) (grpc.ClientStream, error) {
			stream, err := open(ctx, desc, cc, method, opts...)
			return countedStream{stream, messages}, err
		}),
	}
}

type countedStream struct {
	grpc.ClientStream
	messages *atomic.Int64
}

func (s countedStream) SendMsg(m any) error {
	s.messages.Add(1)
	return s.ClientStream.SendMsg(m)
}

func processorTime(t *testing.T) time.Duration {
	var used syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
