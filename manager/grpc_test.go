package manager_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/metadata"

	"github.com/stormwatch/stormwatch/manager"
)

func TestAMemberThatWasAwayForAnHourIsFoundAgainWithinTheBackoffCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		alpha.members[0].refuse.Store(true)
		m := startManager(t, manager.Config{}, alpha.target())
		time.Sleep(time.Hour)
		before := alpha.members[0].refusals.Load()
		time.Sleep(10 * time.Minute)
		require.InDelta(t, 600/3, alpha.members[0].refusals.Load()-before, 20, "gRPC tries every 3 s, 10 % more or less")
		alpha.members[0].refuse.Store(false)
		// gRPC's pause, and then the manager's own, each with its jitter.
		time.Sleep(2*3300*time.Millisecond + time.Second)
		require.True(t, view(t, m, "alpha").Healthy)
	})
}

// A witness has no stream, only now and then a probe. If it freezes, keepalive still finds out.
func TestAFrozenConnectionWithoutStreamsIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 2)
		startManager(t, manager.Config{ProbeInterval: time.Hour}, alpha.target())
		time.Sleep(time.Hour + time.Second)
		require.Equal(t, int64(1), alpha.members[1].dials.Load(), "the witness")
		alpha.members[1].freeze()
		time.Sleep(10*time.Second + 3*time.Second + 10*time.Second)
		require.Greater(t, alpha.members[1].dials.Load(), int64(1), "it was given up, and gRPC tries again")
		require.Equal(t, int64(1), alpha.members[0].dials.Load())
	})
}

func TestTheCallersDialOptionsAreUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		var calls atomic.Int64
		target := alpha.target()
		target.DialOptions = append(target.DialOptions, grpc.WithChainUnaryInterceptor(func(
			ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
		) error {
			calls.Add(1)
			return invoke(ctx, method, req, reply, cc, opts...)
		}))
		startManager(t, manager.Config{}, target)
		time.Sleep(time.Second)
		require.Positive(t, calls.Load())
	})
}

func TestAWatchRequiresALeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		target := alpha.target()
		var streams, requiring atomic.Int64
		target.DialOptions = append(target.DialOptions, grpc.WithChainStreamInterceptor(func(
			ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, stream grpc.Streamer, opts ...grpc.CallOption,
		) (grpc.ClientStream, error) {
			streams.Add(1)
			if sent, _ := metadata.FromOutgoingContext(ctx); slices.Equal(sent.Get(rpctypes.MetadataRequireLeaderKey), []string{rpctypes.MetadataHasLeader}) {
				requiring.Add(1)
			}
			return stream(ctx, desc, cc, method, opts...)
		}))
		startManager(t, manager.Config{}, target)
		time.Sleep(time.Second)
		require.Equal(t, int64(2), streams.Load())
		require.Equal(t, streams.Load(), requiring.Load())
	})
}

func TestTheCallersDialOptionsComeBeforeTheManagersOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		alpha.members[0].refuse.Store(true)
		target := alpha.target()
		minute := backoff.Config{BaseDelay: time.Minute, Multiplier: 1, MaxDelay: time.Minute}
		target.DialOptions = append(target.DialOptions, grpc.WithConnectParams(grpc.ConnectParams{Backoff: minute}))
		startManager(t, manager.Config{}, target)
		time.Sleep(time.Hour + time.Second)
		require.Equal(t, int64(61), alpha.members[0].refusals.Load())
	})
}

// However the members hang, Close returns in time: nothing answers, or nothing is even read.
func TestCloseIsBoundedWhileEveryMemberHangs(t *testing.T) {
	for name, hurt := range map[string]func(*fakeMember){
		"nothing is answered": func(m *fakeMember) { m.hang.Store(true) },
		"nothing is read":     (*fakeMember).freeze,
		"refused":             func(m *fakeMember) { m.refuse.Store(true) },
	} {
		for _, hedged := range []bool{false, true} {
			for _, late := range []time.Duration{0, time.Minute} {
				t.Run(name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						alpha := startFake(t, 3)
						cfg := manager.Config{Hedged: hedged}
						cfg.Registration.Address = "proxy-1:6000"
						if late == 0 {
							for _, member := range alpha.members {
								hurt(member)
							}
						}
						m, err := manager.New(cfg)
						require.NoError(t, err)
						require.NoError(t, m.Apply(t.Context(), []manager.Target{alpha.target()}))
						time.Sleep(late)
						for _, member := range alpha.members {
							hurt(member)
						}
						time.Sleep(time.Second)
						begun := time.Now()
						require.NoError(t, m.Close())
						require.LessOrEqual(t, time.Since(begun), cfg.CloseBound())
						synctest.Wait()
						require.Empty(t, goroutines())
						for _, member := range alpha.members {
							require.Zero(t, member.open.Load())
						}
					})
				})
			}
		}
	}
}

func TestHungClustersAreClosedSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fakes []*fakeCluster
		var targets []manager.Target
		for i := range 5 {
			fakes = append(fakes, startFake(t, 1))
			target := fakes[i].target()
			target.Cluster = fmt.Sprint(i)
			targets = append(targets, target)
		}
		cfg := manager.Config{}
		m, err := manager.New(cfg)
		require.NoError(t, err)
		require.NoError(t, m.Apply(t.Context(), targets))
		time.Sleep(time.Second)
		for _, c := range fakes {
			c.members[0].freeze()
		}
		time.Sleep(time.Second)
		begun := time.Now()
		require.NoError(t, m.Close())
		require.LessOrEqual(t, time.Since(begun), cfg.CloseBound())
	})
}
