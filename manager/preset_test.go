package manager_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

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
				requireFailures(t, c.cfg, alpha.target(), "read snapshot", c.want)
			})
		})
	}
}

// requireFailures lets a manager fail in a row, and requires that each of its watches failed at op after the times given, and at nothing
// else.
func requireFailures(t *testing.T, cfg manager.Config, target manager.Target, op string, after []time.Duration) *manager.Manager {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	cfg.Logger = zap.New(core)
	m := startManager(t, cfg, target)
	// The pauses between take less than a second together, and the next failure comes later than that.
	time.Sleep(time.Second)
	for _, d := range after {
		time.Sleep(d)
	}
	for _, prefix := range []string{topologyPrefix, checkpointPrefix} {
		var took []time.Duration
		for _, left := range logs.FilterMessage("watch left its member").FilterField(zap.String("key", prefix)).All() {
			require.Contains(t, left.ContextMap()["error"], op)
			took = append(took, left.ContextMap()["elapsed"].(time.Duration))
		}
		require.Equal(t, after, took, prefix)
	}
	return m
}

func TestCreatingAWatchHasItsOwnTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		alpha.members[0].deaf.Store(true)
		m := requireFailures(t, manager.PresetBR(), alpha.target(), "create watch",
			[]time.Duration{5 * time.Second, 10 * time.Second, 15 * time.Second, 15 * time.Second})
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
