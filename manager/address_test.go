package manager_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/manager"
)

func TestTheRegistrationMovesWithTheAddress(t *testing.T) {
	alpha, beta := startCluster(t, "alpha", 1), startCluster(t, "beta", 1)
	alpha.put(t, proxyPrefix+"stranger:6000/info", "{}")
	cfg := registering("10.0.0.1:6000")
	// What goes is taken away: nothing expires in time.
	cfg.LeaseTTL = 2 * patience
	m := startManager(t, cfg, alpha.target(), beta.target())
	awaitRegistered(t, alpha, m)
	awaitRegistered(t, beta, m)

	require.NoError(t, m.SetAddress("10.0.0.2:6000"))
	require.Equal(t, []string{proxyPrefix + "10.0.0.2:6000/info", proxyPrefix + "10.0.0.2:6000/ttl"}, m.OwnKeys("alpha"))
	standing := func(c *cluster, want ...string) {
		t.Helper()
		eventually(t, "the moved registration", func() bool { return len(c.leases(t)) == min(1, len(m.OwnKeys(c.name))) })
		require.Equal(t, append(m.OwnKeys(c.name), want...), c.keys(t, proxyPrefix))
	}
	eventually(t, "the new keys", func() bool {
		return len(alpha.keys(t, proxyPrefix+"10.0.0.2")) == 2 && len(beta.keys(t, proxyPrefix+"10.0.0.2")) == 2
	})
	standing(alpha, proxyPrefix+"stranger:6000/info")
	standing(beta)

	require.ErrorContains(t, m.SetAddress("nowhere"), "not host:port")
	require.Equal(t, proxyPrefix+"10.0.0.2:6000/info", m.OwnKeys("alpha")[0], "a wrong address changes nothing")

	require.NoError(t, m.SetAddress(""))
	require.Nil(t, m.OwnKeys("alpha"))
	eventually(t, "no registration", func() bool { return len(alpha.leases(t)) == 0 && len(beta.leases(t)) == 0 })
	require.Equal(t, []string{proxyPrefix + "stranger:6000/info"}, alpha.keys(t, proxyPrefix))

	// There and back again, faster than any of it can be done.
	for _, address := range []string{"a:1", "b:1", "a:1", "b:1", "a:1"} {
		require.NoError(t, m.SetAddress(address))
	}
	awaitRegistered(t, alpha, m)
	awaitRegistered(t, beta, m)
	eventually(t, "one lease each", func() bool { return len(alpha.leases(t)) == 1 && len(beta.leases(t)) == 1 })
	require.Len(t, alpha.keys(t, proxyPrefix+"a:1"), 2)
	require.Empty(t, alpha.keys(t, proxyPrefix+"b:1"))
	require.NoError(t, m.Close())
	require.Empty(t, alpha.leases(t))
	require.Equal(t, []string{proxyPrefix + "stranger:6000/info"}, alpha.keys(t, proxyPrefix))
	requireNothingLeft(t, alpha, beta)
}

func TestAnAddressMayComeLaterAndIsForNewClustersToo(t *testing.T) {
	alpha, beta := startCluster(t, "alpha", 1), startCluster(t, "beta", 1)
	m := startManager(t, brisk(), alpha.target())
	awaitHealthy(t, m, "alpha")
	require.Empty(t, alpha.keys(t, proxyPrefix))
	require.NoError(t, m.SetAddress("late:6000"))
	awaitRegistered(t, alpha, m)
	require.NoError(t, m.Apply(t.Context(), []manager.Target{alpha.target(), beta.target()}))
	awaitRegistered(t, beta, m)
}

func TestTheAddressMovesWhileATargetIsBeingReplaced(t *testing.T) {
	alpha := startCluster(t, "alpha", 1)
	m := startManager(t, registering("old:6000"), alpha.target())
	awaitRegistered(t, alpha, m)
	changed := alpha.target()
	changed.Endpoints = freeHosts(t, 1)
	require.NoError(t, m.Apply(t.Context(), []manager.Target{changed}))
	require.NoError(t, m.SetAddress("new:6000"))
	awaitRegistered(t, alpha, m)
	changed.Endpoints = append(changed.Endpoints, alpha.hosts()...)
	require.NoError(t, m.Apply(t.Context(), []manager.Target{changed}))
	eventually(t, "the heir's lease alone", func() bool {
		return len(alpha.leases(t)) == 1 && len(alpha.keys(t, proxyPrefix)) == 2
	})
	awaitRegistered(t, alpha, m)
}

func TestTheAddressMovesForAnHeirThatComesLater(t *testing.T) {
	alpha := startCluster(t, "alpha", 1)
	m := startManager(t, registering("old:6000"), alpha.target())
	awaitRegistered(t, alpha, m)
	way := newNetwork()
	way.cut()
	changed := alpha.target()
	changed.Endpoints = []string{"http://" + alpha.hosts()[0]}
	changed.DialOptions = []grpc.DialOption{grpc.WithContextDialer(way.dial)}
	require.NoError(t, m.Apply(t.Context(), []manager.Target{changed}))
	require.NoError(t, m.SetAddress("new:6000"))
	awaitRegistered(t, alpha, m)
	eventually(t, "the old keys' end", func() bool { return len(alpha.keys(t, proxyPrefix)) == 2 })
	before := alpha.leases(t)

	way.restore()
	eventually(t, "the heir's lease alone", func() bool {
		leases := alpha.leases(t)
		return len(leases) == 1 && leases[0] != before[0]
	})
	require.Equal(t, m.OwnKeys("alpha"), alpha.keys(t, proxyPrefix))
}
