package manager_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/stormwatch/stormwatch/manager"
)

const proxyPrefix = "/topology/tiproxy/"

func registering(address string) manager.Config {
	cfg := brisk()
	cfg.Registration = manager.Registration{Address: address, Version: "v1", StatusPort: "3080", StartTimestamp: 5}
	return cfg
}

func awaitRegistered(t *testing.T, c *cluster, m *manager.Manager) {
	t.Helper()
	eventually(t, "the registration", func() bool {
		keys := c.keys(t, proxyPrefix)
		for _, key := range m.OwnKeys(c.name) {
			if !slices.Contains(keys, key) {
				return false
			}
		}
		return true
	})
}

func TestTheRegistrationStandsUnderALease(t *testing.T) {
	alpha := startCluster(t, "alpha", 1)
	m := startManager(t, registering("10.0.0.1:6000"), alpha.target())
	require.Equal(t, []string{"/topology/tiproxy/10.0.0.1:6000/info", "/topology/tiproxy/10.0.0.1:6000/ttl"},
		m.OwnKeys("alpha"))
	require.Nil(t, m.OwnKeys("beta"))
	awaitRegistered(t, alpha, m)

	resp, err := alpha.admin.Get(t.Context(), proxyPrefix, clientv3.WithPrefix())
	require.NoError(t, err)
	require.Len(t, resp.Kvs, 2)
	var info map[string]any
	require.NoError(t, json.Unmarshal(resp.Kvs[0].Value, &info))
	require.Equal(t, map[string]any{
		"version": "v1", "git_hash": "", "ip": "10.0.0.1", "port": "6000",
		"status_port": "3080", "deploy_path": "", "start_timestamp": 5.0,
	}, info)
	beat, err := strconv.ParseInt(string(resp.Kvs[1].Value), 10, 64)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), time.Unix(0, beat), patience)
	require.NotZero(t, resp.Kvs[0].Lease)
	require.Equal(t, resp.Kvs[0].Lease, resp.Kvs[1].Lease)

	first := resp.Kvs[1].ModRevision
	eventually(t, "a refresh", func() bool {
		resp, err := alpha.admin.Get(t.Context(), m.OwnKeys("alpha")[1])
		return err == nil && resp.Kvs[0].ModRevision > first
	})
	kept := alpha.members[0].keepAlives.Load()
	eventually(t, "the lease to be kept alive", func() bool { return alpha.members[0].keepAlives.Load() > kept+1 })
	require.Len(t, alpha.leases(t), 1, "it is the same one all along")
}

func TestALostRegistrationIsMadeAnew(t *testing.T) {
	alpha := startCluster(t, "alpha", 1)
	core, logs := observer.New(zap.WarnLevel)
	cfg := registering("10.0.0.1:6000")
	cfg.Logger = zap.New(core)
	m := startManager(t, cfg, alpha.target())
	awaitRegistered(t, alpha, m)

	lost := alpha.leases(t)
	require.Len(t, lost, 1)
	_, err := alpha.admin.Revoke(t.Context(), lost[0].ID)
	require.NoError(t, err)
	awaitRegistered(t, alpha, m)
	renewed := alpha.leases(t)
	require.Len(t, renewed, 1)
	require.NotEqual(t, lost, renewed)
	requirePlaced(t, logs, "registration lost its lease")

	alpha.delete(t, m.OwnKeys("alpha")[0])
	awaitRegistered(t, alpha, m)
	require.Equal(t, renewed, alpha.leases(t), "deleted keys are no reason for another lease")
}

func TestCloseDeletesOnlyOwnKeys(t *testing.T) {
	alpha := startCluster(t, "alpha", 1)
	alpha.put(t, proxyPrefix+"stranger:6000/info", "{}")
	one := startManager(t, registering("10.0.0.1:6000"), alpha.target())
	two := startManager(t, registering("10.0.0.2:6000"), alpha.target())
	awaitRegistered(t, alpha, one)
	awaitRegistered(t, alpha, two)
	require.NoError(t, one.Close())
	require.Equal(t, append(two.OwnKeys("alpha"), proxyPrefix+"stranger:6000/info"), alpha.keys(t, proxyPrefix))
	require.Len(t, alpha.leases(t), 1)
}

func TestTheRegistrationOutlivesAChangeOfTarget(t *testing.T) {
	alpha := startCluster(t, "alpha", 3)
	m := startManager(t, registering("10.0.0.1:6000"), alpha.target())
	awaitRegistered(t, alpha, m)
	awaitHealthy(t, m, "alpha")

	watched, old := alpha.admin.Watch(t.Context(), proxyPrefix, clientv3.WithPrefix(),
		clientv3.WithFilterPut(), clientv3.WithCreatedNotify()), alpha.leases(t)
	<-watched
	changed := alpha.target()
	changed.Endpoints = changed.Endpoints[2:]
	require.NoError(t, m.Apply(t.Context(), []manager.Target{changed}))
	eventually(t, "the new lease alone", func() bool {
		leases := alpha.leases(t)
		return len(leases) == 1 && leases[0] != old[0]
	})
	require.Len(t, alpha.keys(t, proxyPrefix), 2)
	select {
	case resp := <-watched:
		require.Fail(t, "the registration vanished in between", "%v", resp.Events)
	default:
	}
}

func TestCloseReturnsInTimeWhileEveryDiskHangs(t *testing.T) {
	alpha := startCluster(t, "alpha", 3)
	core, logs := observer.New(zap.WarnLevel)
	cfg := registering("10.0.0.1:6000")
	cfg.Logger = zap.New(core)
	m := startManager(t, cfg, alpha.target())
	awaitRegistered(t, alpha, m)
	awaitHealthy(t, m, "alpha")
	for _, member := range alpha.members {
		t.Cleanup(member.hangDisk())
	}
	begun := time.Now()
	require.NoError(t, m.Close())
	require.Less(t, time.Since(begun), cfg.CloseTimeout+5*time.Second)
	requirePlaced(t, logs, "registration is left to its lease's expiry")
	requireNothingLeft(t, alpha)
}
