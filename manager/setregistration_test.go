package manager_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

func TestAnotherRegistrationTakesThePlaceOfTheFormer(t *testing.T) {
	alpha, beta := etcdtest.StartCluster(t, "alpha", 1), etcdtest.StartCluster(t, "beta", 1)
	alpha.Put(t, ownPrefix+"stranger:6000/info", "{}")
	cfg := registering("10.0.0.1:6000")
	// Old keys must be deleted: no lease expires within the test.
	cfg.LeaseTTL = 2 * etcdtest.Patience
	m := startManager(t, cfg, to(alpha), to(beta))
	awaitRegistered(t, alpha, m)
	awaitRegistered(t, beta, m)

	require.NoError(t, m.SetRegistration(instance("10.0.0.2:6000")))
	require.Equal(t, []string{ownPrefix + "10.0.0.2:6000/info", ownPrefix + "10.0.0.2:6000/ttl"}, m.OwnKeys("alpha"))
	standing := func(c *etcdtest.Cluster, want ...string) {
		t.Helper()
		etcdtest.Eventually(t, "the moved registration", func() bool { return len(c.Leases(t)) == min(1, len(m.OwnKeys(c.Name))) })
		require.Equal(t, append(m.OwnKeys(c.Name), want...), c.Keys(t, ownPrefix))
	}
	etcdtest.Eventually(t, "the new keys", func() bool {
		return len(alpha.Keys(t, ownPrefix+"10.0.0.2")) == 2 && len(beta.Keys(t, ownPrefix+"10.0.0.2")) == 2
	})
	standing(alpha, ownPrefix+"stranger:6000/info")
	standing(beta)

	require.ErrorContains(t, m.SetRegistration(manager.Registration{Heartbeat: "a", Keys: []manager.KeyValue{{Key: "a"}}}), "occurs twice")
	require.Equal(t, ownPrefix+"10.0.0.2:6000/info", m.OwnKeys("alpha")[0], "a wrong registration changes nothing")

	require.NoError(t, m.SetRegistration(manager.Registration{}))
	require.Nil(t, m.OwnKeys("alpha"))
	etcdtest.Eventually(t, "no registration", func() bool { return len(alpha.Leases(t)) == 0 && len(beta.Leases(t)) == 0 })
	require.Equal(t, []string{ownPrefix + "stranger:6000/info"}, alpha.Keys(t, ownPrefix))

	// Change it back and forth faster than it can be written.
	for _, address := range []string{"a:1", "b:1", "a:1", "b:1", "a:1"} {
		require.NoError(t, m.SetRegistration(instance(address)))
	}
	awaitRegistered(t, alpha, m)
	awaitRegistered(t, beta, m)
	etcdtest.Eventually(t, "one lease each", func() bool { return len(alpha.Leases(t)) == 1 && len(beta.Leases(t)) == 1 })
	require.Len(t, alpha.Keys(t, ownPrefix+"a:1"), 2)
	require.Empty(t, alpha.Keys(t, ownPrefix+"b:1"))
	require.NoError(t, m.Close())
	require.Empty(t, alpha.Leases(t))
	require.Equal(t, []string{ownPrefix + "stranger:6000/info"}, alpha.Keys(t, ownPrefix))
	requireNothingLeft(t, alpha, beta)
}

func TestARegistrationMayComeLaterAndIsForNewClustersToo(t *testing.T) {
	alpha, beta := etcdtest.StartCluster(t, "alpha", 1), etcdtest.StartCluster(t, "beta", 1)
	m := startManager(t, brisk(), to(alpha))
	awaitHealthy(t, m, "alpha")
	require.Empty(t, alpha.Keys(t, ownPrefix))
	require.NoError(t, m.SetRegistration(instance("late:6000")))
	awaitRegistered(t, alpha, m)
	require.NoError(t, m.Apply(t.Context(), []manager.Target{to(alpha), to(beta)}))
	awaitRegistered(t, beta, m)
}

func TestTheRegistrationIsReplacedWhileATargetIs(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	m := startManager(t, registering("old:6000"), to(alpha))
	awaitRegistered(t, alpha, m)
	changed := to(alpha)
	changed.Endpoints = etcdtest.FreeHosts(t, 1)
	require.NoError(t, m.Apply(t.Context(), []manager.Target{changed}))
	require.NoError(t, m.SetRegistration(instance("new:6000")))
	awaitRegistered(t, alpha, m)
	changed.Endpoints = append(changed.Endpoints, alpha.Hosts()...)
	require.NoError(t, m.Apply(t.Context(), []manager.Target{changed}))
	etcdtest.Eventually(t, "the successor's lease alone", func() bool {
		return len(alpha.Leases(t)) == 1 && len(alpha.Keys(t, ownPrefix)) == 2
	})
	awaitRegistered(t, alpha, m)
}

func TestTheRegistrationIsReplacedForASuccessorThatComesLater(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	m := startManager(t, registering("old:6000"), to(alpha))
	awaitRegistered(t, alpha, m)
	way := etcdtest.NewNetwork()
	way.Cut()
	changed := to(alpha)
	changed.Endpoints = []string{"http://" + alpha.Hosts()[0]}
	changed.DialOptions = []grpc.DialOption{grpc.WithContextDialer(way.Dial)}
	require.NoError(t, m.Apply(t.Context(), []manager.Target{changed}))
	require.NoError(t, m.SetRegistration(instance("new:6000")))
	awaitRegistered(t, alpha, m)
	etcdtest.Eventually(t, "the old keys' end", func() bool { return len(alpha.Keys(t, ownPrefix)) == 2 })
	before := alpha.Leases(t)

	way.Restore()
	etcdtest.Eventually(t, "the successor's lease alone", func() bool {
		leases := alpha.Leases(t)
		return len(leases) == 1 && leases[0] != before[0]
	})
	require.Equal(t, m.OwnKeys("alpha"), alpha.Keys(t, ownPrefix))
}
