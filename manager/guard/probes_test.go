package guard_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

func TestOneReadProbesForAllWatchesOnAMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		c, err := guard.Open(onFake(alpha, guard.Options{}))
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Close()) }()
		// There are more prefixes than etcd accepts operations in one transaction, so a probe takes two.
		var last *guard.Watch
		for i := range 200 {
			last = c.Watch("/k/"+strconv.Itoa(i)+"/", nil)
		}
		time.Sleep(time.Minute + time.Second/2)
		require.Equal(t, int64(2*60), alpha.Probes())

		alpha.Members[0].Withhold.Store(true)
		alpha.Put("/k/199/key", "value")
		time.Sleep(2 * time.Second)
		var stale *guard.StaleError
		require.ErrorAs(t, last.Snapshot().Err, &stale)
		require.Equal(t, "/k/199/", stale.Key)
		require.Contains(t, last.Snapshot().Values, "/k/199/key")
	})
}

func TestWatchesOnDifferentMembersAreProbedThroughOthersThanTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		c, err := guard.Open(onFake(alpha, guard.Options{}))
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Close()) }()
		first := c.Watch("/first/", nil)
		time.Sleep(10 * time.Second)
		alpha.Members[0].Withhold.Store(true)
		alpha.Put("/first/key", "1")
		time.Sleep(33 * time.Second) // past the end of the quarantine
		alpha.Members[0].Withhold.Store(false)
		second := c.Watch("/second/", nil)
		time.Sleep(10*time.Second + 500*time.Millisecond)
		require.Equal(t, "http://m1", first.Snapshot().Endpoint)
		require.Equal(t, "http://m0", second.Snapshot().Endpoint)
		begun := [2]int64{alpha.Members[0].Probes.Load(), alpha.Members[1].Probes.Load()}
		time.Sleep(10 * time.Second)
		require.Equal(t, [2]int64{begun[0] + 10, begun[1] + 10}, [2]int64{alpha.Members[0].Probes.Load(), alpha.Members[1].Probes.Load()})

		alpha.Members[0].Withhold.Store(true)
		alpha.Put("/second/key", "2")
		time.Sleep(2 * time.Second)
		require.Equal(t, "http://m1", second.Snapshot().Endpoint)
		require.Contains(t, second.Snapshot().Values, "/second/key")
	})
}

func TestAPrefixThatMayNotBeReadAnyMoreLeavesTheOthersTheirProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		c, err := guard.Open(onFake(alpha, guard.Options{}))
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Close()) }()
		c.Watch("/secret/", nil)
		open := c.Watch("/open/", nil)
		time.Sleep(10 * time.Second)
		secret := "/secret/"
		alpha.Forbidden.Store(&secret)
		time.Sleep(10 * time.Second)
		alpha.Members[0].Withhold.Store(true)
		alpha.Put("/open/key", "value")
		time.Sleep(2 * time.Second)
		require.Contains(t, open.Snapshot().Values, "/open/key")
		var stale *guard.StaleError
		require.ErrorAs(t, open.Snapshot().Err, &stale)
	})
}

// A member that hangs goes on answering progress requests. A client that reaches no other cannot know what was written since.
func TestAWatchOfWhichNoProbeIsAnsweredIsNotHealthy(t *testing.T) {
	for _, hedged := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			alpha := etcdtest.StartFake(t, 3)
			c, err := guard.Open(onFake(alpha, guard.Options{Hedged: hedged}))
			require.NoError(t, err)
			defer func() { require.NoError(t, c.Close()) }()
			w := c.Watch("/k/", nil)
			time.Sleep(20*time.Second + time.Second/2)
			require.True(t, w.Snapshot().Healthy)
			for _, m := range alpha.Members {
				m.Hang.Store(true)
			}
			time.Sleep(10 * time.Second)
			require.True(t, w.Snapshot().Healthy, "the last probe was answered less than a probe interval and an idle timeout ago")
			time.Sleep(time.Second)
			unsure := w.Snapshot()
			require.False(t, unsure.Healthy)
			require.NotEmpty(t, unsure.Endpoint, "the watch stays attached")
			require.ErrorIs(t, unsure.Err, guard.ErrUnproven)
			require.GreaterOrEqual(t, time.Since(unsure.Proven), 11*time.Second)
			for _, m := range alpha.Members {
				m.Hang.Store(false)
			}
			time.Sleep(2 * time.Second)
			require.True(t, w.Snapshot().Healthy)
			require.Equal(t, unsure.Endpoint, w.Snapshot().Endpoint)
		})
	}
}

// The other members refuse connections for longer than a watch may be unproven. The watched member is well, and says so itself.
func TestAWatchedMemberSpeaksForItselfBeforeItIsDoubted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 5)
		c, err := guard.Open(onFake(alpha, guard.Options{}))
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Close()) }()
		w := c.Watch("/k/", nil)
		time.Sleep(10 * time.Second)
		for _, m := range alpha.Members {
			if "http://"+m.Name != w.Snapshot().Endpoint {
				m.Refuse.Store(true)
			}
		}
		alpha.Cut()
		for range 60 {
			time.Sleep(time.Second)
			require.True(t, w.Snapshot().Healthy)
		}
	})
}
