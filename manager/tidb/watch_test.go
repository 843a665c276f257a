package tidb_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
	"github.com/stormwatch/stormwatch/manager/tidb"
)

func TestABackendCountsOnlyWithInfoAndTTL(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	m := startManager(t, watching(brisk()), to(alpha))
	awaitHealthy(t, m, "alpha")

	alpha.Put(t, topologyPrefix+"tidb-1:4000/info",
		`{"version":"8.5.0","git_hash":"abc","ip":"tidb-1","status_port":10080,"start_timestamp":7,"labels":{"zone":"a"}}`)
	alpha.Put(t, topologyPrefix+"tidb-2:4000/ttl", "1")
	last := alpha.Put(t, topologyPrefix+"unrelated", "x")
	etcdtest.Eventually(t, "the last write", func() bool { return view(t, m, "alpha").Revision >= last })
	require.Empty(t, view(t, m, "alpha").Backends)

	alpha.Put(t, topologyPrefix+"tidb-1:4000/ttl", "1")
	etcdtest.Eventually(t, "the backend", func() bool { return len(view(t, m, "alpha").Backends) == 1 })
	require.Equal(t, tidb.Backend{
		Address: "tidb-1:4000", Version: "8.5.0", GitHash: "abc", IP: "tidb-1",
		StatusPort: 10080, StartTimestamp: 7, Labels: map[string]string{"zone": "a"},
	},
		view(t, m, "alpha").Backends["tidb-1:4000"])

	before := view(t, m, "alpha")
	alpha.Delete(t, topologyPrefix+"tidb-1:4000/ttl")
	etcdtest.Eventually(t, "the backend's end", func() bool { return len(view(t, m, "alpha").Backends) == 0 })
	require.Len(t, before.Backends, 1, "a view handed out must not change")
}

func TestACheckpointIsFollowedAndAMalformedOneIsReported(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	alpha.Put(t, checkpointKey, encode(100))
	m := startManager(t, watching(brisk()), to(alpha))
	awaitHealthy(t, m, "alpha")
	require.Equal(t, uint64(100), view(t, m, "alpha").Checkpoints["backup"])
	require.NoError(t, view(t, m, "alpha").Err)

	malformed := alpha.Put(t, checkpointKey, "seven b")
	etcdtest.Eventually(t, "an error", func() bool { return view(t, m, "alpha").Err != nil })
	v := view(t, m, "alpha")
	var err *tidb.MalformedError
	require.ErrorAs(t, v.Err, &err)
	require.Equal(t, checkpointKey, err.Key)
	require.Equal(t, "alpha", err.Cluster)
	require.Equal(t, malformed, err.Revision)
	require.Equal(t, uint64(100), v.Checkpoints["backup"])

	alpha.Put(t, checkpointKey, encode(200))
	awaitCheckpoint(t, m, "alpha", 200)
}

func TestAValueThatIsIgnoredIsLoggedWithItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		core, logs := observer.New(zap.WarnLevel)
		cfg := tidb.Config{Manager: manager.Config{Logger: zap.New(core)}}
		startManager(t, cfg, toFake(alpha, "alpha"))
		synctest.Wait()
		alpha.Put(checkpointKey, "short")
		synctest.Wait()
		alpha.Put(topologyPrefix+"a:1/info", "{")
		time.Sleep(time.Minute)
		ignored := logs.FilterMessage("value ignored").All()
		require.Len(t, ignored, 2, "once each")
		for i, key := range []string{checkpointKey, topologyPrefix + "a:1/info"} {
			fields := ignored[i].ContextMap()
			require.Equal(t, "alpha", fields["cluster"])
			require.Equal(t, "http://m0", fields["endpoint"])
			require.Equal(t, key, fields["key"])
		}
	})
}

// The manager remembers the previous valid value of a key, also when a changed target replaces the runtime.
func TestAMalformedValueIsNoLossAcrossAChangeOfTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		m := startManager(t, tidb.Config{}, toFake(alpha, "alpha"))
		alpha.Put(checkpointKey, encode(7))
		time.Sleep(time.Second)
		alpha.Put(checkpointKey, "short")
		time.Sleep(time.Second)
		target := toFake(alpha, "alpha")
		target.Endpoints = target.Endpoints[1:]
		require.NoError(t, m.Apply(t.Context(), []manager.Target{target}))
		time.Sleep(10 * time.Second)
		require.Equal(t, "http://m1", view(t, m, "alpha").Endpoint)
		require.Equal(t, uint64(7), view(t, m, "alpha").Checkpoints["backup"])
	})
}

// After the target leads to another etcd cluster with the same keys, a lower checkpoint is not a step back.
func TestAnotherClusterAtTheTargetBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha, other := etcdtest.StartFake(t, 1), etcdtest.StartFake(t, 1)
		other.ClusterID = 2
		alpha.Put(checkpointKey, encode(7))
		other.Put(checkpointKey, encode(3))
		m := startManager(t, tidb.Config{}, toFake(alpha, "alpha"))
		time.Sleep(time.Second)
		require.Equal(t, uint64(7), view(t, m, "alpha").Checkpoints["backup"])
		target := toFake(other, "alpha")
		target.Endpoints = []string{"m0"}
		require.NoError(t, m.Apply(t.Context(), []manager.Target{target}))
		time.Sleep(time.Second)
		require.Equal(t, uint64(3), view(t, m, "alpha").Checkpoints["backup"])
	})
}

func TestEveryViewIsToldWithWhatItMeans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		var below int
		var shown []uint64
		var last error
		cfg := tidb.Config{
			Manager: manager.Config{
				Prefixes: []string{"/own/"}, OnChange: func(string, manager.View) { below++ },
			},
			OnChange: func(_ string, v tidb.View) {
				if c, ok := v.Checkpoints["backup"]; ok && (len(shown) == 0 || shown[len(shown)-1] != c) {
					shown = append(shown, c)
				}
				last = v.Err
			},
		}
		m := startManager(t, cfg, toFake(alpha, "alpha"))
		for i := range uint64(5) {
			time.Sleep(time.Second)
			alpha.Put(checkpointKey, encode(i))
		}
		alpha.Put("/own/key", "x")
		time.Sleep(time.Second)
		mine, ok := m.Manager.View("alpha")
		require.True(t, ok)
		require.Equal(t, "x", mine.Prefixes["/own/"].Values["/own/key"].Value)
		require.NoError(t, m.Close())
		require.Equal(t, []uint64{0, 1, 2, 3, 4}, shown)
		require.Greater(t, below, 5)
		require.ErrorIs(t, last, manager.ErrClosed)
		_, ok = m.View("alpha")
		require.False(t, ok)
	})
}

func TestAWrongConfigIsRefused(t *testing.T) {
	_, err := tidb.New(tidb.Config{StaleAfter: -1})
	require.ErrorContains(t, err, "stale after is negative: -1ns")
	_, err = tidb.New(tidb.Config{Manager: manager.Config{Prefixes: []string{topologyPrefix}}})
	require.ErrorContains(t, err, `prefix "/topology/tidb/" occurs twice`)
}

func TestThePresetIsSilentForNinetySecondsAndKeepsTheProbe(t *testing.T) {
	require.Equal(t, 90*time.Second, tidb.PresetBR().IdleTimeout)
	require.False(t, tidb.PresetBR().WithoutProbe)
	complete, err := tidb.PresetBR().Complete()
	require.NoError(t, err)
	require.Equal(t, 15*time.Second, time.Duration(complete.Escalation)*complete.RequestTimeout)
}
