package guard_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

// Close returns in time and leaves nothing behind, also if no member answers, or if no member even reads, from the start
// or later.
func TestCloseLeavesNothingWhileEveryMemberHangs(t *testing.T) {
	for name, hurt := range map[string]func(*etcdtest.FakeMember){
		"nothing is answered": func(m *etcdtest.FakeMember) { m.Hang.Store(true) },
		"nothing is read":     (*etcdtest.FakeMember).Freeze,
		"refused":             func(m *etcdtest.FakeMember) { m.Refuse.Store(true) },
	} {
		// After 20 s keepalive has given up the connections, and gRPC closes them in the background.
		for _, healthy := range []time.Duration{0, time.Minute} {
			for _, hurting := range []time.Duration{time.Second, 13*time.Second + time.Millisecond, 20 * time.Second} {
				t.Run(name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						alpha := etcdtest.StartFake(t, 3)
						hurtAll := func() {
							for _, member := range alpha.Members {
								hurt(member)
							}
						}
						if healthy == 0 {
							hurtAll()
						}
						m := start(t, onFake(alpha, guard.Options{Hedged: true}))
						time.Sleep(healthy)
						hurtAll()
						time.Sleep(hurting)
						begun := time.Now()
						require.NoError(t, m.Close())
						require.LessOrEqual(t, time.Since(begun), guard.CloseGrace)
						requireNothingLeft(t, alpha)
					})
				})
			}
		}
	}
}

func requireNothingLeft(t *testing.T, c *etcdtest.Fake) {
	t.Helper()
	synctest.Wait()
	require.Empty(t, etcdtest.Goroutines())
	for _, member := range c.Members {
		require.Zero(t, member.Open.Load(), member.Name)
	}
}

// A token is fetched while the client is made, which a frozen member can delay for the dial timeout.
func TestCloseDoesNotWaitForAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		for _, member := range alpha.Members {
			member.Freeze()
		}
		cfg := onFake(alpha, guard.Options{DialTimeout: time.Hour})
		cfg.Username, cfg.Password = "watcher", "secret"
		m := start(t, cfg)
		time.Sleep(time.Second)
		begun := time.Now()
		require.NoError(t, m.Close())
		require.LessOrEqual(t, time.Since(begun), guard.CloseGrace)
		requireNothingLeft(t, alpha)
	})
}

func TestAClosedWatchIsGoneAndItsSiblingStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		m := start(t, onFake(alpha, guard.Options{}))
		time.Sleep(time.Second)
		alpha.Put(checkpointKey, encode(1))
		synctest.Wait()
		m.checkpoint.Close()
		m.checkpoint.Close()
		require.False(t, m.checkpoint.Snapshot().Healthy)
		require.Len(t, m.checkpoint.Snapshot().Values, 1, "what was known stays readable")
		require.True(t, m.services.Snapshot().Healthy)

		require.NoError(t, m.Close())
		late := m.Watch("/late/", nil)
		require.ErrorIs(t, late.Snapshot().Err, guard.ErrClosed)
		late.Close()
		_, err := m.Get(t.Context(), "/k")
		require.ErrorIs(t, err, guard.ErrClosed)
	})
}

// A member that gives no token costs no more time than one that confirms no watch.
func TestAMemberThatGivesNoTokenIsLeftAfterTheCreateTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		for _, member := range alpha.Members {
			member.Freeze()
		}
		cfg := onFake(alpha, guard.Options{DialTimeout: time.Hour, CreateTimeout: 2 * time.Second})
		cfg.Username, cfg.Password = "watcher", "secret"
		m := start(t, cfg)
		for _, endpoint := range []string{"http://m0", "http://m1"} {
			time.Sleep(2 * time.Second)
			synctest.Wait()
			var op *guard.OpError
			require.ErrorAs(t, m.view().Err, &op)
			require.Equal(t, "dial", op.Op)
			require.Equal(t, endpoint, op.Endpoint)
			require.Equal(t, 2*time.Second, op.Elapsed)
			require.ErrorIs(t, op, context.DeadlineExceeded)
		}
		require.NoError(t, m.Close())
	})
}
