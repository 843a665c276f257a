package manager_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/manager"
)

func TestABackendCountsOnlyWithInfoAndTTL(t *testing.T) {
	alpha := startCluster(t, "alpha", 1)
	m := startManager(t, brisk(), alpha.target())
	awaitHealthy(t, m, "alpha")

	alpha.put(t, topologyPrefix+"tidb-1:4000/info",
		`{"version":"8.5.0","git_hash":"abc","ip":"tidb-1","status_port":10080,"start_timestamp":7,"labels":{"zone":"a"}}`)
	alpha.put(t, topologyPrefix+"tidb-2:4000/ttl", "1")
	last := alpha.put(t, topologyPrefix+"unrelated", "x")
	eventually(t, "the last write", func() bool { return view(t, m, "alpha").Revision >= last })
	require.Empty(t, view(t, m, "alpha").Backends)

	alpha.put(t, topologyPrefix+"tidb-1:4000/ttl", "1")
	eventually(t, "the backend", func() bool { return len(view(t, m, "alpha").Backends) == 1 })
	require.Equal(t, manager.Backend{
		Address: "tidb-1:4000", Version: "8.5.0", GitHash: "abc", IP: "tidb-1",
		StatusPort: 10080, StartTimestamp: 7, Labels: map[string]string{"zone": "a"},
	},
		view(t, m, "alpha").Backends["tidb-1:4000"])

	before := view(t, m, "alpha")
	alpha.delete(t, topologyPrefix+"tidb-1:4000/ttl")
	eventually(t, "the backend's end", func() bool { return len(view(t, m, "alpha").Backends) == 0 })
	require.Len(t, before.Backends, 1, "a view handed out must not change")
}

func TestACheckpointIsFollowedAndAMalformedOneIsReported(t *testing.T) {
	alpha := startCluster(t, "alpha", 1)
	alpha.put(t, checkpointKey, encode(100))
	m := startManager(t, brisk(), alpha.target())
	awaitHealthy(t, m, "alpha")
	require.Equal(t, uint64(100), view(t, m, "alpha").Checkpoints["backup"])
	require.NoError(t, view(t, m, "alpha").Err)

	malformed := alpha.put(t, checkpointKey, "seven b")
	eventually(t, "an error", func() bool { return view(t, m, "alpha").Err != nil })
	v := view(t, m, "alpha")
	var err *manager.MalformedError
	require.ErrorAs(t, v.Err, &err)
	require.Equal(t, checkpointKey, err.Key)
	require.Equal(t, "alpha", err.Cluster)
	require.Equal(t, malformed, err.Revision)
	require.Equal(t, uint64(100), v.Checkpoints["backup"])

	alpha.put(t, checkpointKey, encode(200))
	awaitCheckpoint(t, m, "alpha", 200)
}

func TestTheRevisionAdvancesWithoutEvents(t *testing.T) {
	alpha := startCluster(t, "alpha", 1)
	m := startManager(t, brisk(), alpha.target())
	awaitHealthy(t, m, "alpha")
	elsewhere := alpha.put(t, "/elsewhere", "x")
	eventually(t, "proof of completeness", func() bool { return view(t, m, "alpha").Revision >= elsewhere })
}

func TestAWatchResumesFromWhatItReachedWhenItsMemberStops(t *testing.T) {
	alpha := startCluster(t, "alpha", 3)
	core, logs := observer.New(zap.WarnLevel)
	cfg := brisk()
	cfg.Logger = zap.New(core)
	m := startManager(t, cfg, alpha.target())
	awaitHealthy(t, m, "alpha")
	alpha.put(t, checkpointKey, encode(1))
	awaitCheckpoint(t, m, "alpha", 1)
	seat := view(t, m, "alpha").Endpoint

	alpha.at(t, seat).stop()
	alpha.put(t, checkpointKey, encode(2))
	awaitCheckpoint(t, m, "alpha", 2)
	awaitHealthy(t, m, "alpha")

	require.NotEqual(t, seat, view(t, m, "alpha").Endpoint)
	require.Equal(t, 1, alpha.snapshots(checkpointPrefix), "the first snapshot is the only one")
	require.ElementsMatch(t, []int64{1, 2}, alpha.watches(checkpointPrefix), "from the snapshot, then from the first checkpoint")
	var err *manager.OpError
	require.ErrorAs(t, view(t, m, "alpha").Err, &err)
	require.Equal(t, "alpha", err.Cluster)
	// The last error may be of the next member, which was still without a leader; the first was of the one that stopped.
	require.NotEmpty(t, err.Endpoint)
	left := logs.FilterMessage("watch left its member").FilterField(zap.String("endpoint", seat)).FilterField(zap.String("cluster", "alpha"))
	require.NotZero(t, left.Len(), "%v", logs.All())
}

func TestACompactedHistoryIsReplacedByASnapshot(t *testing.T) {
	alpha := startCluster(t, "alpha", 1)
	for _, field := range []string{"info", "ttl"} {
		alpha.put(t, topologyPrefix+"tidb-1:4000/"+field, "{}")
	}
	metrics := newRegistry()
	cfg := brisk()
	cfg.Registerer = metrics
	m := startManager(t, cfg, alpha.target())
	// Both watches have a seat; one that had not would have nothing to resume.
	awaitHealthy(t, m, "alpha")
	require.Len(t, view(t, m, "alpha").Backends, 1)

	alpha.network.cut()
	eventually(t, "the loss", func() bool { return !view(t, m, "alpha").Healthy })
	alpha.delete(t, topologyPrefix+"tidb-1:4000/info")
	alpha.put(t, checkpointKey, encode(1))
	revision := alpha.put(t, checkpointKey, encode(2))
	_, err := alpha.admin.Compact(t.Context(), revision, clientv3.WithCompactPhysical())
	require.NoError(t, err)
	require.Len(t, view(t, m, "alpha").Backends, 1, "what was known stays while the cluster is away")
	alpha.network.restore()

	awaitCheckpoint(t, m, "alpha", 2)
	eventually(t, "the backend's end", func() bool { return len(view(t, m, "alpha").Backends) == 0 })
	var compacted *manager.CompactedError
	require.ErrorAs(t, view(t, m, "alpha").Err, &compacted)
	require.Equal(t, 2, alpha.snapshots(checkpointPrefix))
	require.Equal(t, 2.0, metrics.sum(t, "stormwatch_manager_reattaches_total", "alpha", "compacted"), "once a watch")
}

func TestAMemberThatWithholdsEventsIsLeft(t *testing.T) {
	alpha := startCluster(t, "alpha", 3)
	m := startManager(t, brisk(), alpha.target())
	awaitHealthy(t, m, "alpha")
	alpha.put(t, checkpointKey, encode(1))
	awaitCheckpoint(t, m, "alpha", 1)

	seat := view(t, m, "alpha").Endpoint
	alpha.at(t, seat).withhold.Store(true)
	alpha.put(t, checkpointKey, encode(2))
	awaitCheckpoint(t, m, "alpha", 2)
	var stale *manager.StaleError
	require.ErrorAs(t, view(t, m, "alpha").Err, &stale)
	require.Equal(t, seat, stale.Endpoint)
	require.NotEqual(t, seat, stale.Witness)
	require.Less(t, stale.Seen, stale.Shown)
	eventually(t, "the topology watch to leave too", func() bool {
		v := view(t, m, "alpha")
		return v.Healthy && v.Endpoint != seat
	})
}

func TestALeaderWithAHungDiskIsLeft(t *testing.T) {
	alpha := startCluster(t, "alpha", 3)
	leader := alpha.leader(t)
	target := alpha.target()
	// A watch begins at the first endpoint.
	target.Endpoints = append([]string{leader.host}, target.Endpoints...)
	m := startManager(t, brisk(), target)
	awaitHealthy(t, m, "alpha")
	require.Equal(t, leader.host, view(t, m, "alpha").Endpoint)
	alpha.put(t, checkpointKey, encode(1))
	awaitCheckpoint(t, m, "alpha", 1)

	heal := leader.hangDisk()
	t.Cleanup(heal)
	var others []string
	for _, host := range alpha.hosts() {
		if host != leader.host {
			others = append(others, host)
		}
	}
	alpha.admin.SetEndpoints(others...)
	alpha.put(t, checkpointKey, encode(2))
	awaitCheckpoint(t, m, "alpha", 2)
	var stale *manager.StaleError
	require.ErrorAs(t, view(t, m, "alpha").Err, &stale)
	require.Equal(t, leader.host, stale.Endpoint)

	heal()
	last := alpha.put(t, checkpointKey, encode(3))
	awaitCheckpoint(t, m, "alpha", 3)
	eventually(t, "both watches", func() bool { return view(t, m, "alpha").Revision >= last })
}
