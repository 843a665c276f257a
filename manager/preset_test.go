package manager_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
)

func TestThePresetIsSilentForNinetySecondsAndKeepsTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 3)
		m := startManager(t, manager.PresetBR(), alpha.target())
		time.Sleep(time.Hour)
		require.NoError(t, view(t, m, "alpha").Err)
		for _, member := range alpha.members {
			member.mute.Store(true)
		}
		time.Sleep(91 * time.Second)
		var idle *manager.IdleTimeoutError
		require.ErrorAs(t, view(t, m, "alpha").Err, &idle)
		require.Equal(t, 90*time.Second, idle.IdleTimeout())

		for _, member := range alpha.members {
			member.mute.Store(false)
		}
		time.Sleep(10 * time.Second)
		for _, member := range alpha.members {
			if view(t, m, "alpha").Endpoint == "http://"+member.name {
				member.withhold.Store(true)
			}
		}
		alpha.put(checkpointKey, encode(1))
		time.Sleep(2 * time.Second)
		require.Equal(t, uint64(1), view(t, m, "alpha").Checkpoints["backup"])
	})
}

func TestTimeoutsGrowToThriceTheFirst(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  manager.Config
		want []time.Duration
	}{
		{"br", manager.PresetBR(), []time.Duration{5 * time.Second, 10 * time.Second, 15 * time.Second, 15 * time.Second}},
		{"default", manager.Config{}, []time.Duration{2 * time.Second, 2 * time.Second, 2 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				alpha := startFake(t, 1)
				alpha.members[0].hang.Store(true)
				m := startManager(t, c.cfg, alpha.target())
				requireFailures(t, m, "read snapshot", c.want)
			})
		})
	}
}

// requireFailures waits for one failure of op after the other, and requires that each came after the time given.
func requireFailures(t *testing.T, m *manager.Manager, op string, after []time.Duration) {
	t.Helper()
	for _, want := range after {
		previous := view(t, m, "alpha").Err
		eventually(t, "another failure", func() bool { return view(t, m, "alpha").Err != previous })
		var failed *manager.OpError
		require.ErrorAs(t, view(t, m, "alpha").Err, &failed)
		require.Equal(t, op, failed.Op)
		require.Equal(t, want, failed.Elapsed)
		// The other watch tried when this one did, but for the jitter of the pauses before.
		time.Sleep(50 * time.Millisecond)
	}
}

func TestCreatingAWatchHasItsOwnTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		alpha.members[0].deaf.Store(true)
		m := startManager(t, manager.PresetBR(), alpha.target())
		requireFailures(t, m, "create watch", []time.Duration{5 * time.Second, 10 * time.Second, 15 * time.Second, 15 * time.Second})
		alpha.members[0].deaf.Store(false)
		time.Sleep(20 * time.Second)
		require.True(t, view(t, m, "alpha").Healthy)
	})
}

func TestProgressIsAskedForEveryProgressInterval(t *testing.T) {
	for _, c := range []struct {
		cfg  manager.Config
		want time.Duration
	}{
		{manager.Config{}, 3 * time.Second},
		{manager.Config{ProgressInterval: time.Second}, time.Second},
		{manager.PresetBR(), 30 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			alpha := startFake(t, 1)
			startManager(t, c.cfg, alpha.target())
			time.Sleep(time.Hour + time.Second/2)
			require.Equal(t, 2*int64(time.Hour/c.want), alpha.members[0].asked.Load(), "each of two watches, every %v", c.want)
		})
	}
}
