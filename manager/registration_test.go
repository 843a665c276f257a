package manager_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

func registering(name string) manager.Config {
	cfg := brisk()
	cfg.Registration = instance(name)
	return cfg
}

func awaitRegistered(t *testing.T, c *etcdtest.Cluster, m *manager.Manager) {
	t.Helper()
	etcdtest.Eventually(t, "the registration", func() bool {
		keys := c.Keys(t, ownPrefix)
		for _, key := range m.OwnKeys(c.Name) {
			if !slices.Contains(keys, key) {
				return false
			}
		}
		return true
	})
}

func TestTheRegistrationStandsUnderALease(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	m := startManager(t, registering("10.0.0.1:6000"), to(alpha))
	require.Equal(t, []string{ownPrefix + "10.0.0.1:6000/info", ownPrefix + "10.0.0.1:6000/ttl"},
		m.OwnKeys("alpha"))
	require.Nil(t, m.OwnKeys("beta"))
	awaitRegistered(t, alpha, m)

	resp, err := alpha.Admin.Get(t.Context(), ownPrefix, clientv3.WithPrefix())
	require.NoError(t, err)
	require.Len(t, resp.Kvs, 2)
	require.Equal(t, "I am 10.0.0.1:6000", string(resp.Kvs[0].Value))
	beat, err := strconv.ParseInt(string(resp.Kvs[1].Value), 10, 64)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), time.Unix(0, beat), etcdtest.Patience)
	require.NotZero(t, resp.Kvs[0].Lease)
	require.Equal(t, resp.Kvs[0].Lease, resp.Kvs[1].Lease)

	first := resp.Kvs[1].ModRevision
	etcdtest.Eventually(t, "a refresh", func() bool {
		resp, err := alpha.Admin.Get(t.Context(), m.OwnKeys("alpha")[1])
		return err == nil && resp.Kvs[0].ModRevision > first
	})
	kept := alpha.Members[0].KeepAlives.Load()
	etcdtest.Eventually(t, "the lease to be kept alive", func() bool { return alpha.Members[0].KeepAlives.Load() > kept+1 })
	require.Len(t, alpha.Leases(t), 1, "it is the same one all along")
}

func TestALostRegistrationIsMadeAnew(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	core, logs := observer.New(zap.WarnLevel)
	cfg := registering("10.0.0.1:6000")
	cfg.Logger = zap.New(core)
	m := startManager(t, cfg, to(alpha))
	awaitRegistered(t, alpha, m)

	lost := alpha.Leases(t)
	require.Len(t, lost, 1)
	_, err := alpha.Admin.Revoke(t.Context(), lost[0].ID)
	require.NoError(t, err)
	awaitRegistered(t, alpha, m)
	renewed := alpha.Leases(t)
	require.Len(t, renewed, 1)
	require.NotEqual(t, lost, renewed)
	requirePlaced(t, logs, "registration lost its lease")

	alpha.Delete(t, m.OwnKeys("alpha")[0])
	awaitRegistered(t, alpha, m)
	require.Equal(t, renewed, alpha.Leases(t), "deleted keys are no reason for another lease")
}

func TestCloseDeletesOnlyOwnKeys(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	alpha.Put(t, ownPrefix+"stranger:6000/info", "{}")
	one := startManager(t, registering("10.0.0.1:6000"), to(alpha))
	two := startManager(t, registering("10.0.0.2:6000"), to(alpha))
	awaitRegistered(t, alpha, one)
	awaitRegistered(t, alpha, two)
	require.NoError(t, one.Close())
	require.Equal(t, append(two.OwnKeys("alpha"), ownPrefix+"stranger:6000/info"), alpha.Keys(t, ownPrefix))
	require.Len(t, alpha.Leases(t), 1)
}

func TestTheRegistrationOutlivesAChangeOfTarget(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 3)
	m := startManager(t, registering("10.0.0.1:6000"), to(alpha))
	awaitRegistered(t, alpha, m)
	awaitHealthy(t, m, "alpha")

	watched, old := alpha.Admin.Watch(t.Context(), ownPrefix, clientv3.WithPrefix(),
		clientv3.WithFilterPut(), clientv3.WithCreatedNotify()), alpha.Leases(t)
	<-watched
	changed := to(alpha)
	changed.Endpoints = changed.Endpoints[2:]
	require.NoError(t, m.Apply(t.Context(), []manager.Target{changed}))
	etcdtest.Eventually(t, "the new lease alone", func() bool {
		leases := alpha.Leases(t)
		return len(leases) == 1 && leases[0] != old[0]
	})
	require.Len(t, alpha.Keys(t, ownPrefix), 2)
	select {
	case resp := <-watched:
		require.Fail(t, "the registration vanished in between", "%v", resp.Events)
	default:
	}
}

func TestCloseReturnsInTimeWhileEveryDiskHangs(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 3)
	core, logs := observer.New(zap.WarnLevel)
	cfg := registering("10.0.0.1:6000")
	cfg.Logger = zap.New(core)
	m := startManager(t, cfg, to(alpha))
	awaitRegistered(t, alpha, m)
	awaitHealthy(t, m, "alpha")
	for _, member := range alpha.Members {
		t.Cleanup(member.HangDisk())
	}
	begun := time.Now()
	require.NoError(t, m.Close())
	// Pauses of the machine are added to the bound.
	require.Less(t, time.Since(begun), cfg.CloseBound()+time.Second)
	requirePlaced(t, logs, "registration is left to its lease's expiry")
	requireNothingLeft(t, alpha)
}
