package manager_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
)

// These tests run on production timings, in virtual time. In a bubble time.Sleep is what advances the clock, and
// time stands still until everything that can happen has happened.

func TestTheIdleTimeoutComesExactlyAfterTheLastResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		m := startManager(t, manager.Config{}, alpha.target())
		synctest.Wait()
		require.True(t, view(t, m, "alpha").Healthy)

		// Answers come at 3 s, 6 s and 9 s after the start; those asked for later do not come.
		time.Sleep(10 * time.Second)
		alpha.members[0].mute.Store(true)
		time.Sleep(9*time.Second - time.Nanosecond)
		synctest.Wait()
		require.NoError(t, view(t, m, "alpha").Err, "too early")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		var idle *manager.IdleTimeoutError
		require.ErrorAs(t, view(t, m, "alpha").Err, &idle, "too late")
		require.Equal(t, 10*time.Second, idle.IdleTimeout())
		require.Equal(t, 10*time.Second, idle.Elapsed)
		require.Equal(t, "alpha", idle.Cluster)
		require.Equal(t, "http://m0", idle.Endpoint)

		// The only member is all there is, quarantine or not.
		alpha.members[0].mute.Store(false)
		time.Sleep(time.Second)
		require.True(t, view(t, m, "alpha").Healthy)
	})
}

func TestQuietHoursAreCalm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 3)
		alpha.put(checkpointKey, encode(1))
		m := startManager(t, manager.Config{}, alpha.target())
		time.Sleep(2 * time.Hour)
		v := view(t, m, "alpha")
		require.NoError(t, v.Err)
		require.True(t, v.Healthy)
		require.Equal(t, "http://m0", v.Endpoint)
		require.Equal(t, int64(2), alpha.members[0].creates.Load(), "one watch per prefix")
	})
}

func TestConstantChurnOnASlowWatchIsNoReasonToLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 3)
		for _, member := range alpha.members {
			member.lag = 90 * time.Millisecond
		}
		m := startManager(t, manager.Config{}, alpha.target())
		for i := range 60_000 {
			key := fmt.Sprintf("%stidb-%d:4000/info", topologyPrefix, i%37)
			switch {
			case i%3 == 0:
				alpha.delete(key)
			case i%5 == 0:
				alpha.put("/elsewhere", "x")
			default:
				alpha.put(key, "{}")
			}
			time.Sleep(11 * time.Millisecond)
		}
		v := view(t, m, "alpha")
		require.NoError(t, v.Err)
		require.Equal(t, int64(2), alpha.members[0].creates.Load(), "one watch per prefix")
	})
}

func TestWithheldEventsAreNoticedWithinProbeIntervalAndGrace(t *testing.T) {
	for _, c := range []struct {
		name string
		// change is what is withheld; it must show in the view.
		change func(*fakeCluster)
		shows  func(manager.View) bool
	}{
		{
			"put", func(c *fakeCluster) { c.put(checkpointKey, encode(2)) },
			func(v manager.View) bool { return v.Checkpoints["backup"] == 2 },
		},
		{
			"delete", func(c *fakeCluster) { c.delete(checkpointKey) },
			func(v manager.View) bool { return len(v.Checkpoints) == 0 },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				alpha := startFake(t, 3)
				alpha.put(checkpointKey, encode(1))
				m := startManager(t, manager.Config{}, alpha.target())
				time.Sleep(10*time.Second + 100*time.Millisecond)
				alpha.members[0].withhold.Store(true)
				c.change(alpha)

				// The next probe is at 11 s.
				time.Sleep(900*time.Millisecond + 300*time.Millisecond - time.Nanosecond)
				synctest.Wait()
				require.False(t, c.shows(view(t, m, "alpha")))
				require.NoError(t, view(t, m, "alpha").Err)
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				v := view(t, m, "alpha")
				require.True(t, c.shows(v))
				require.Equal(t, "http://m1", v.Endpoint, "the topology watch leaves with it")
				var stale *manager.StaleError
				require.ErrorAs(t, v.Err, &stale)
				require.Equal(t, "http://m0", stale.Endpoint)
				require.Equal(t, 300*time.Millisecond, stale.Elapsed)
			})
		})
	}
}

// leaveTheFirst starts a manager that has just found the first of two members stale.
func leaveTheFirst(t *testing.T) (*fakeCluster, *manager.Manager) {
	t.Helper()
	alpha := startFake(t, 2)
	m := startManager(t, manager.Config{}, alpha.target())
	time.Sleep(time.Second)
	alpha.members[0].withhold.Store(true)
	alpha.put(checkpointKey, encode(1))
	time.Sleep(3 * time.Second)
	require.Equal(t, "http://m1", view(t, m, "alpha").Endpoint)
	return alpha, m
}

func TestAMemberFoundStaleIsAvoidedWhileThereAreOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha, m := leaveTheFirst(t)
		alpha.members[0].withhold.Store(false)
		alpha.members[1].withhold.Store(true)
		alpha.put(checkpointKey, encode(2))
		time.Sleep(3 * time.Second)
		require.Equal(t, "http://m0", view(t, m, "alpha").Endpoint, "of two in quarantine the one that leaves it first")
		require.Equal(t, uint64(2), view(t, m, "alpha").Checkpoints["backup"])
	})
}

func TestASilentMemberIsAvoidedWhileThereAreOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 2)
		m := startManager(t, manager.Config{WithoutProbe: true}, alpha.target())
		time.Sleep(time.Second)
		alpha.members[0].mute.Store(true)
		time.Sleep(13 * time.Second)
		require.Equal(t, "http://m1", view(t, m, "alpha").Endpoint)
		require.Equal(t, []int64{2, 2}, alpha.creates())
	})
}
