package tidb_test

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
	"github.com/stormwatch/stormwatch/manager/tidb"
)

func announce(c *etcdtest.Fake, prefix, address, version string) {
	c.Put(prefix+address+"/info", `{"version":"`+version+`","labels":{"zone":"z1"}}`)
	c.Put(prefix+address+"/ttl", "1")
}

// unanswering makes all unary requests to a cluster hang once on is set. Open streams are not affected.
func unanswering(target manager.Target, on *atomic.Bool) manager.Target {
	target.DialOptions = append(target.DialOptions, grpc.WithChainUnaryInterceptor(
		func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			if on.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			return invoke(ctx, method, req, reply, cc, opts...)
		}))
	return target
}

func topologyOf(t *testing.T, m *tidb.Manager) map[string]tidb.Backend {
	t.Helper()
	backends, err := m.Topology()
	require.NoError(t, err)
	return backends
}

func TestTheTopologyIsThatOfAllClustersAndStaleWhereOneCannotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha, beta := etcdtest.StartFake(t, 2), etcdtest.StartFake(t, 2)
		for _, c := range []*etcdtest.Fake{alpha, beta} {
			announce(c, topologyPrefix, "tidb-1:4000", "1")
		}
		announce(beta, topologyPrefix, "tidb-2:4000", "2")
		var hung atomic.Bool
		other := unanswering(toFake(beta, "beta"), &hung)
		m := startManager(t, tidb.Config{}, toFake(alpha, "alpha"), other)
		synctest.Wait()
		got := topologyOf(t, m)
		require.Equal(t, []string{"alpha/tidb-1:4000", "beta/tidb-1:4000", "beta/tidb-2:4000"},
			slices.Sorted(maps.Keys(got)), "the same address in two clusters is two backends")
		require.Equal(t, tidb.Backend{
			Address: "tidb-2:4000", Cluster: "beta", Version: "2", Labels: map[string]string{"zone": "z1"},
		}, got["beta/tidb-2:4000"])

		// Its watches stay, and answer progress, but nothing proves any more that they miss nothing.
		hung.Store(true)
		time.Sleep(20 * time.Second)
		announce(alpha, topologyPrefix, "tidb-3:4000", "3")
		time.Sleep(time.Second)
		before := time.Now()
		got = topologyOf(t, m)
		require.Equal(t, before, time.Now(), "it must not wait for anybody")
		require.Len(t, got, 4)
		for id, backend := range got {
			require.Equal(t, backend.Cluster == "beta", backend.Stale, id)
		}

		hung.Store(false)
		time.Sleep(3 * time.Second)
		for id, backend := range topologyOf(t, m) {
			require.False(t, backend.Stale, id)
		}
		time.Sleep(time.Hour)
		for id, backend := range topologyOf(t, m) {
			require.False(t, backend.Stale, "%s in a quiet hour", id)
		}
	})
}

func TestTheTopologyIsAnErrorOnlyWhenNobodyEverAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha, beta := etcdtest.StartFake(t, 1), etcdtest.StartFake(t, 1)
		announce(beta, topologyPrefix, "tidb-1:4000", "1")
		var deafAlpha, deafBeta atomic.Bool
		deafAlpha.Store(true)
		deafBeta.Store(true)
		other := unanswering(toFake(beta, "beta"), &deafBeta)
		m := startManager(t, tidb.Config{}, unanswering(toFake(alpha, "alpha"), &deafAlpha), other)
		_, err := m.Topology()
		require.ErrorIs(t, err, manager.ErrPending)
		time.Sleep(10 * time.Second)
		_, err = m.Topology()
		var failed *guard.OpError
		require.ErrorAs(t, err, &failed)
		require.ErrorContains(t, err, `cluster "beta"`)

		deafBeta.Store(false)
		time.Sleep(10 * time.Second)
		require.Len(t, topologyOf(t, m), 1, "one that answered is enough")
		deafBeta.Store(true)
		time.Sleep(time.Minute)
		require.True(t, topologyOf(t, m)["beta/tidb-1:4000"].Stale, "what was known once is served, marked")
	})
}

func TestBackendsOfKeyspacesAreSeenWhenAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		keyspace := func(name string) string { return "/keyspaces/tidb/" + name + "/topology/tidb/" }
		announce(alpha, topologyPrefix, "plain:4000", "1")
		announce(alpha, keyspace("ks2"), "shared:4000", "2")
		announce(alpha, keyspace("ks1"), "shared:4000", "1")
		announce(alpha, keyspace("ks1"), "plain:4000", "9")
		alpha.Put(keyspace("ks1")+"half:4000/info", "{}")
		alpha.Put("/keyspaces/tidb/ks1/owner", "x")

		without := startManager(t, tidb.Config{}, toFake(alpha, "alpha"))
		with := startManager(t, tidb.Config{Keyspaces: true}, toFake(alpha, "alpha"))
		synctest.Wait()
		require.Len(t, view(t, without, "alpha").Backends, 1)
		v := view(t, with, "alpha")
		require.True(t, v.Healthy)
		require.Len(t, v.Backends, 2)
		require.Equal(t, "1", v.Backends["plain:4000"].Version, "the plain one comes first")
		require.Empty(t, v.Backends["plain:4000"].Keyspace)
		require.Equal(t, "ks1", v.Backends["shared:4000"].Keyspace, "then the first keyspace by name")

		alpha.Delete(keyspace("ks1") + "shared:4000/ttl")
		alpha.Put(topologyPrefix+"plain:4000/info", `{"version":"3"}`)
		time.Sleep(time.Second)
		v = view(t, with, "alpha")
		require.Equal(t, "ks2", v.Backends["shared:4000"].Keyspace)
		require.Equal(t, "3", v.Backends["plain:4000"].Version)

		alpha.Members[0].Withhold.Store(true)
		announce(alpha, keyspace("ks3"), "late:4000", "3")
		time.Sleep(3 * time.Second)
		require.Equal(t, "ks3", view(t, with, "alpha").Backends["late:4000"].Keyspace, "the watch on keyspaces is guarded too")
	})
}

func TestBackendsAreStaleAfterTheTimeConfigured(t *testing.T) {
	for _, c := range []struct {
		cfg  tidb.Config
		want time.Duration
	}{
		{tidb.Config{}, 5 * time.Second},
		{tidb.Config{StaleAfter: time.Minute}, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			alpha := etcdtest.StartFake(t, 1)
			announce(alpha, topologyPrefix, "tidb-1:4000", "1")
			var hung atomic.Bool
			m := startManager(t, c.cfg, unanswering(toFake(alpha, "alpha"), &hung))
			// The last proof is the probe at 10 s.
			time.Sleep(10*time.Second + 100*time.Millisecond)
			hung.Store(true)
			time.Sleep(c.want - 100*time.Millisecond)
			require.False(t, topologyOf(t, m)["alpha/tidb-1:4000"].Stale)
			time.Sleep(time.Nanosecond)
			require.True(t, topologyOf(t, m)["alpha/tidb-1:4000"].Stale)
		})
	}
}
