package guard_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

func TestALongIdleTimeoutIsKeptAndTheProbeNoticesAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		m := start(t, onFake(alpha, brPreset()))
		time.Sleep(time.Hour)
		require.NoError(t, m.view().Err)
		for _, member := range alpha.Members {
			member.DropProgress.Store(true)
		}
		time.Sleep(91 * time.Second)
		var idle *guard.IdleTimeoutError
		require.ErrorAs(t, m.view().Err, &idle)
		require.Equal(t, 90*time.Second, idle.IdleTimeout())

		for _, member := range alpha.Members {
			member.DropProgress.Store(false)
		}
		time.Sleep(10 * time.Second)
		for _, member := range alpha.Members {
			if m.view().Endpoint == "http://"+member.Name {
				member.Withhold.Store(true)
			}
		}
		alpha.Put(checkpointKey, encode(1))
		time.Sleep(2 * time.Second)
		require.Equal(t, uint64(1), m.view().Checkpoints["backup"])
	})
}

func TestTimeoutsGrowToThriceTheFirst(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  guard.Options
		want []time.Duration
	}{
		{"br", brPreset(), []time.Duration{5 * time.Second, 10 * time.Second, 15 * time.Second, 15 * time.Second}},
		{"default", guard.Options{}, []time.Duration{2 * time.Second, 2 * time.Second, 2 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				alpha := etcdtest.StartFake(t, 1)
				alpha.Members[0].Hang.Store(true)
				requireFailures(t, alpha, c.cfg, "read snapshot", c.want)
			})
		})
	}
}

// requireFailures lets the attempts of watches fail one after another. It requires that each watch failed at op, after the
// given times, and at nothing else.
func requireFailures(t *testing.T, c *etcdtest.Fake, o guard.Options, op string, after []time.Duration) *watched {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	cfg := onFake(c, o)
	cfg.Logger = zap.New(core)
	m := start(t, cfg)
	// The pauses in between take less than a second together, and the next failure comes later than that.
	time.Sleep(time.Second)
	for _, d := range after {
		time.Sleep(d)
	}
	for _, prefix := range []string{servicePrefix, checkpointPrefix} {
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
		alpha := etcdtest.StartFake(t, 1)
		alpha.Members[0].ConfirmNoWatch.Store(true)
		m := requireFailures(t, alpha, brPreset(), "create watch",
			[]time.Duration{5 * time.Second, 10 * time.Second, 15 * time.Second, 15 * time.Second})
		alpha.Members[0].ConfirmNoWatch.Store(false)
		time.Sleep(20 * time.Second)
		require.True(t, m.view().Healthy)
	})
}

func TestProgressIsAskedForEveryProgressInterval(t *testing.T) {
	for _, c := range []struct {
		cfg  guard.Options
		want time.Duration
	}{
		{guard.Options{}, 3 * time.Second},
		{guard.Options{ProgressInterval: time.Second}, time.Second},
		{brPreset(), 30 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			alpha := etcdtest.StartFake(t, 1)
			start(t, onFake(alpha, c.cfg))
			time.Sleep(time.Hour + time.Second/2)
			require.Equal(t, 2*int64(time.Hour/c.want), alpha.Members[0].Asked.Load(), "each of two watches, every %v", c.want)
		})
	}
}
