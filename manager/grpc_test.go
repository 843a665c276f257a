package manager_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/manager"
)

func TestAMemberThatWasAwayForAnHourIsFoundAgainWithinTheBackoffCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		alpha.members[0].refuse.Store(true)
		m := startManager(t, manager.Config{}, alpha.target())
		time.Sleep(time.Hour)
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
