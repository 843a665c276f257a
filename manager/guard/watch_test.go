package guard_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

func TestTheRevisionAdvancesWithoutEvents(t *testing.T) {
	t.Parallel() // it mostly waits
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	m := start(t, on(alpha, brisk()))
	awaitHealthy(t, m)
	elsewhere := alpha.Put(t, "/elsewhere", "x")
	etcdtest.Eventually(t, "proof of completeness", func() bool { return m.view().Revision >= elsewhere })
}

func TestAWatchResumesFromWhatItReachedWhenItsMemberStops(t *testing.T) {
	t.Parallel() // it mostly waits
	alpha := etcdtest.StartCluster(t, "alpha", 3)
	core, logs := observer.New(zap.WarnLevel)
	cfg, leader := on(alpha, neverIdle()), alpha.Leader(t)
	cfg.Logger = zap.New(core)
	// The member that stops must not lead. Otherwise no other member may confirm a watch for a while, and then the watch does not resume.
	cfg.Endpoints = slices.DeleteFunc(cfg.Endpoints, func(host string) bool { return host == leader.Host })
	m := start(t, cfg)
	awaitHealthy(t, m)
	alpha.Put(t, checkpointKey, encode(1))
	awaitCheckpoint(t, m, 1)
	endpoint := m.view().Endpoint

	alpha.At(t, endpoint).Stop()
	alpha.Put(t, checkpointKey, encode(2))
	awaitCheckpoint(t, m, 2)
	awaitHealthy(t, m)

	require.NotEqual(t, endpoint, m.view().Endpoint)
	require.Equal(t, 1, alpha.Snapshots(checkpointPrefix), "the first snapshot is the only one")
	require.ElementsMatch(t, []int64{1, 2}, alpha.Watches(checkpointPrefix), "from the snapshot, then from the first checkpoint")
	var err *guard.OpError
	require.ErrorAs(t, m.view().Err, &err)
	require.Equal(t, "alpha", err.Cluster)
	// The last error may be of the next member, which was still without a leader; the first was of the one that stopped.
	require.NotEmpty(t, err.Endpoint)
	left := logs.FilterMessage("watch left its member").
		FilterField(zap.String("endpoint", endpoint)).FilterField(zap.String("cluster", "alpha"))
	require.NotZero(t, left.Len(), "%v", logs.All())
}

func TestACompactedHistoryIsReplacedByASnapshot(t *testing.T) {
	t.Parallel() // it mostly waits
	alpha := etcdtest.StartCluster(t, "alpha", 3)
	alpha.Put(t, servicePrefix+"web/1", "10.0.0.1:80")
	options := neverIdle()
	options.WithoutProbe = true // a probe would find the member first that withholds events
	target := on(alpha, options)
	leader := alpha.Leader(t)
	// A watch begins at the first endpoint. Without the member there, the others must have a leader at once.
	target.Endpoints = slices.DeleteFunc(target.Endpoints, func(host string) bool { return host == leader.Host })
	m := start(t, target)
	// Wait until both watches are attached; otherwise they would have nothing to resume.
	awaitHealthy(t, m)
	require.Len(t, m.view().Services, 1)

	watched := alpha.At(t, m.view().Endpoint)
	watched.Withhold.Store(true)
	alpha.Delete(t, servicePrefix+"web/1")
	alpha.Put(t, checkpointKey, encode(1))
	revision := alpha.Put(t, checkpointKey, encode(2))
	_, err := alpha.Admin.Compact(t.Context(), revision, clientv3.WithCompactPhysical())
	require.NoError(t, err)
	require.Len(t, m.view().Services, 1, "what was known stays while the events are withheld")
	watched.Stop()

	awaitCheckpoint(t, m, 2)
	etcdtest.Eventually(t, "the service's end", func() bool { return len(m.view().Services) == 0 })
	_, compacted := met(m, func(*guard.CompactedError) bool { return true })
	require.True(t, compacted, "%v", m.view().Err)
	require.Equal(t, 2, alpha.Snapshots(checkpointPrefix))
	require.Equal(t, uint64(2), m.reattaches(guard.ReasonCompacted), "once a watch")
}

func TestAMemberThatWithholdsEventsIsLeft(t *testing.T) {
	t.Parallel() // it mostly waits
	alpha := etcdtest.StartCluster(t, "alpha", 3)
	m := start(t, on(alpha, neverIdle()))
	awaitHealthy(t, m)
	alpha.Put(t, checkpointKey, encode(1))
	awaitCheckpoint(t, m, 1)

	endpoint := m.view().Endpoint
	alpha.At(t, endpoint).Withhold.Store(true)
	alpha.Put(t, checkpointKey, encode(2))
	awaitCheckpoint(t, m, 2)
	stale := m.stale(endpoint)
	require.NotNil(t, stale, "%v", m.view().Err)
	require.NotEqual(t, endpoint, stale.Witness)
	require.Less(t, stale.Seen, stale.Shown)
	etcdtest.Eventually(t, "the topology watch to leave too", func() bool {
		v := m.view()
		return v.Healthy && v.Endpoint != endpoint
	})
}

func TestALeaderWithAHungDiskIsLeft(t *testing.T) {
	t.Parallel() // it mostly waits
	alpha := etcdtest.StartCluster(t, "alpha", 3)
	leader := alpha.Leader(t)
	target := on(alpha, neverIdle())
	// A watch begins at the first endpoint.
	target.Endpoints = append([]string{leader.Host}, target.Endpoints...)
	m := start(t, target)
	awaitHealthy(t, m)
	require.Equal(t, leader.Host, m.view().Endpoint)
	alpha.Put(t, checkpointKey, encode(1))
	awaitCheckpoint(t, m, 1)

	heal := leader.HangDisk()
	t.Cleanup(heal)
	var others []string
	for _, host := range alpha.Hosts() {
		if host != leader.Host {
			others = append(others, host)
		}
	}
	alpha.Admin.SetEndpoints(others...)
	alpha.Put(t, checkpointKey, encode(2))
	awaitCheckpoint(t, m, 2)
	require.NotNil(t, m.stale(leader.Host), "%v", m.view().Err)

	heal()
	last := alpha.Put(t, checkpointKey, encode(3))
	awaitCheckpoint(t, m, 3)
	etcdtest.Eventually(t, "both watches", func() bool { return m.view().Revision >= last })
}
