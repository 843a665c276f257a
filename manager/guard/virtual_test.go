package guard_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

// These tests use production timings in virtual time. In a bubble time.Sleep advances the clock, and time stands still while
// any goroutine can run.

func TestTheIdleTimeoutComesExactlyAfterTheLastResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		m := start(t, onFake(alpha, guard.Options{}))
		synctest.Wait()
		require.True(t, m.view().Healthy)

		// Answers come at 3 s, 6 s and 9 s after the start; those asked for later do not come.
		time.Sleep(10 * time.Second)
		alpha.Members[0].DropProgress.Store(true)
		time.Sleep(9*time.Second - time.Nanosecond)
		synctest.Wait()
		require.NoError(t, m.view().Err, "too early")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		var idle *guard.IdleTimeoutError
		require.ErrorAs(t, m.view().Err, &idle, "too late")
		require.Equal(t, 10*time.Second, idle.IdleTimeout())
		require.Equal(t, 10*time.Second, idle.Elapsed)
		require.Equal(t, "alpha", idle.Cluster)
		require.Equal(t, "http://m0", idle.Endpoint)

		// There is no other member, so the quarantine has no effect.
		alpha.Members[0].DropProgress.Store(false)
		time.Sleep(time.Second)
		require.True(t, m.view().Healthy)
	})
}

func TestQuietHoursAreCalm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		alpha.Put(checkpointKey, encode(1))
		m := start(t, onFake(alpha, guard.Options{}))
		time.Sleep(2 * time.Hour)
		v := m.view()
		require.NoError(t, v.Err)
		require.True(t, v.Healthy)
		require.Equal(t, "http://m0", v.Endpoint)
		require.Equal(t, int64(2), alpha.Members[0].Creates.Load(), "one watch per prefix")
	})
}

func TestConstantChurnOnASlowWatchIsNoReasonToLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		for _, member := range alpha.Members {
			member.Lag = 90 * time.Millisecond
		}
		m := start(t, onFake(alpha, guard.Options{}))
		for i := range 60_000 {
			key := fmt.Sprintf("%stidb-%d:4000/info", servicePrefix, i%37)
			switch {
			case i%3 == 0:
				alpha.Delete(key)
			case i%5 == 0:
				alpha.Put("/elsewhere", "x")
			default:
				alpha.Put(key, "{}")
			}
			time.Sleep(11 * time.Millisecond)
		}
		v := m.view()
		require.NoError(t, v.Err)
		require.Equal(t, int64(2), alpha.Members[0].Creates.Load(), "one watch per prefix")
	})
}

func TestWithheldEventsAreNoticedWithinProbeIntervalAndGrace(t *testing.T) {
	for _, c := range []struct {
		name string
		// change makes the change that is withheld; it must show in the view later.
		change func(*etcdtest.Fake)
		shows  func(look) bool
	}{
		{
			"put", func(c *etcdtest.Fake) { c.Put(checkpointKey, encode(2)) },
			func(v look) bool { return v.Checkpoints["backup"] == 2 },
		},
		{
			"delete", func(c *etcdtest.Fake) { c.Delete(checkpointKey) },
			func(v look) bool { return len(v.Checkpoints) == 0 },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				alpha := etcdtest.StartFake(t, 3)
				alpha.Put(checkpointKey, encode(1))
				m := start(t, onFake(alpha, guard.Options{}))
				time.Sleep(10*time.Second + 100*time.Millisecond)
				alpha.Members[0].Withhold.Store(true)
				c.change(alpha)

				// The next probe is at 11 s.
				time.Sleep(900*time.Millisecond + 300*time.Millisecond - time.Nanosecond)
				synctest.Wait()
				require.False(t, c.shows(m.view()))
				require.NoError(t, m.view().Err)
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				v := m.view()
				require.True(t, c.shows(v))
				require.Equal(t, "http://m1", v.Endpoint, "the topology watch leaves with it")
				var stale *guard.StaleError
				require.ErrorAs(t, v.Err, &stale)
				require.Equal(t, "http://m0", stale.Endpoint)
				require.Equal(t, 300*time.Millisecond, stale.Elapsed)
			})
		})
	}
}

// leaveTheFirst starts watches that have just found the first of two members stale.
func leaveTheFirst(t *testing.T) (*etcdtest.Fake, *watched) {
	t.Helper()
	alpha := etcdtest.StartFake(t, 2)
	m := start(t, onFake(alpha, guard.Options{}))
	time.Sleep(time.Second)
	alpha.Members[0].Withhold.Store(true)
	alpha.Put(checkpointKey, encode(1))
	time.Sleep(3 * time.Second)
	require.Equal(t, "http://m1", m.view().Endpoint)
	return alpha, m
}

func TestAMemberFoundStaleIsAvoidedWhileThereAreOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha, m := leaveTheFirst(t)
		alpha.Members[0].Withhold.Store(false)
		alpha.Members[1].Withhold.Store(true)
		alpha.Put(checkpointKey, encode(2))
		time.Sleep(3 * time.Second)
		require.Equal(t, "http://m0", m.view().Endpoint, "of two in quarantine the one that leaves it first")
		require.Equal(t, uint64(2), m.view().Checkpoints["backup"])
	})
}

func TestASilentMemberIsAvoidedWhileThereAreOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		m := start(t, onFake(alpha, guard.Options{WithoutProbe: true}))
		time.Sleep(time.Second)
		alpha.Members[0].DropProgress.Store(true)
		time.Sleep(13 * time.Second)
		require.Equal(t, "http://m1", m.view().Endpoint)
		require.Equal(t, []int64{2, 2}, alpha.Creates())
	})
}
