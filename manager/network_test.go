package manager_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

// handle returns a cluster that is managed and need not answer.
func handle(t *testing.T, target manager.Target) *manager.Cluster {
	t.Helper()
	if target.Endpoints == nil {
		target.Endpoints = []string{"127.0.0.1:1"}
	}
	m := startManager(t, brisk(), target)
	c, err := m.Cluster(target.Cluster)
	require.NoError(t, err)
	return c
}

// echo accepts connections and holds them until the test ends.
func echo(t *testing.T) (port string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	return port
}

func TestNamesAreResolvedByTheClustersOwnNameServers(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	server := etcdtest.StartNameServer(t, map[string][]string{"pd.alpha.test": {"127.0.0.1"}})
	_, port, err := net.SplitHostPort(alpha.Hosts()[0])
	require.NoError(t, err)
	m := startManager(t, brisk(), manager.Target{
		Cluster: "alpha", Endpoints: []string{"http://pd.alpha.test:" + port}, NameServers: []string{server.Address},
	})
	awaitHealthy(t, m, "alpha")
	require.NotEmpty(t, server.Names())

	web := echo(t)
	c, err := m.Cluster("alpha")
	require.NoError(t, err)
	response, err := c.HTTPClient().Get("http://pd.alpha.test:" + web)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "pd.alpha.test:"+web, string(body))

	conn, err := m.DialContext(t.Context(), "alpha", "tcp", "pd.alpha.test:"+web)
	require.NoError(t, err)
	require.NoError(t, m.Close())
	_, err = io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n")
	require.NoError(t, err, "a dialed connection is the caller's and outlives the cluster")
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(answer), "HTTP/1.0 "), "%s", answer)
	require.NoError(t, conn.Close())
}

func TestNameServersTakeTurnsAndDeadOnesAreSkipped(t *testing.T) {
	port := echo(t)
	records := map[string][]string{"a.test": {"127.0.0.1"}, "b.test": {"127.0.0.1"}, "c.test": {"127.0.0.1"}, "d.test": {"127.0.0.1"}}
	one, two := etcdtest.StartNameServer(t, records), etcdtest.StartNameServer(t, records)
	dead := etcdtest.FreeHosts(t, 1)[0]
	c := handle(t, manager.Target{Cluster: "alpha", NameServers: []string{one.Address, dead, two.Address}})
	for name := range records {
		conn, err := c.DialContext(t.Context(), "tcp", name+":"+port)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	}
	require.NotEmpty(t, one.Names())
	require.NotEmpty(t, two.Names())
}

func TestAnswersAreKeptBrieflyAndAddressesNeedNoNameServer(t *testing.T) {
	port := echo(t)
	server := etcdtest.StartNameServer(t, map[string][]string{"a.test": {"127.0.0.1"}})
	c := handle(t, manager.Target{Cluster: "alpha", NameServers: []string{server.Address}})
	for range 5 {
		for _, host := range []string{"a.test", "127.0.0.1"} {
			conn, err := c.DialContext(t.Context(), "tcp", host+":"+port)
			require.NoError(t, err)
			require.NoError(t, conn.Close())
		}
	}
	require.Equal(t, []string{"a.test"}, server.Names())

	// A DNS answer whose addresses could not be connected to is not used again.
	nobody := etcdtest.FreeHosts(t, 1)[0]
	_, refused, err := net.SplitHostPort(nobody)
	require.NoError(t, err)
	_, err = c.DialContext(t.Context(), "tcp", "a.test:"+refused)
	require.Error(t, err)
	conn, err := c.DialContext(t.Context(), "tcp", "a.test:"+port)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.Equal(t, 2, server.Questions("a.test"))
}

func TestTheAddressesOfANameAreTriedInOrder(t *testing.T) {
	server := etcdtest.StartNameServer(t, map[string][]string{"a.test": {"127.0.0.1", "127.0.0.2"}})
	var mu sync.Mutex
	var dialed []string
	port := echo(t)
	c := handle(t, manager.Target{
		Cluster: "alpha", NameServers: []string{server.Address},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, p, _ := net.SplitHostPort(address)
			if p != port {
				return new(net.Dialer).DialContext(ctx, network, address)
			}
			mu.Lock()
			defer mu.Unlock()
			dialed = append(dialed, host)
			if len(dialed) == 1 {
				return nil, io.ErrClosedPipe
			}
			return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
		},
	})
	conn, err := c.DialContext(t.Context(), "tcp", "a.test:"+port)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.ElementsMatch(t, []string{"127.0.0.1", "127.0.0.2"}, dialed)
}

func TestAnUnknownNameIsATypedError(t *testing.T) {
	server := etcdtest.StartNameServer(t, nil)
	c := handle(t, manager.Target{Cluster: "alpha", NameServers: []string{server.Address}})
	_, err := c.DialContext(t.Context(), "tcp", "nowhere.test:80")
	require.ErrorIs(t, err, manager.ErrUnresolved)
	var unresolved *manager.ResolveError
	require.ErrorAs(t, err, &unresolved)
	require.Equal(t, "alpha", unresolved.Cluster)
	require.Equal(t, server.Address, unresolved.Endpoint)
	require.Equal(t, "nowhere.test", unresolved.Key)
	require.Contains(t, err.Error(), "nowhere.test")
	var dns *net.DNSError
	require.ErrorAs(t, err, &dns)
	require.True(t, dns.IsNotFound)
}

func TestNameServersAreChecked(t *testing.T) {
	for server, reason := range map[string]string{
		"":            "the name server is empty",
		"a b":         "the name server is neither host nor host:port",
		":53":         "the name server is neither host nor host:port",
		"1.1.1.1:0":   "the name server's port is not between 1 and 65535",
		"1.1.1.1:dns": "the name server's port is not between 1 and 65535",
	} {
		target := manager.Target{Cluster: "alpha", Endpoints: []string{"a:1"}, NameServers: []string{server}}
		var wrong *manager.TargetError
		require.ErrorAs(t, target.Validate(), &wrong, server)
		require.Equal(t, manager.TargetError{Cluster: "alpha", NameServer: server, Reason: reason}, *wrong)
		require.Contains(t, wrong.Error(), "name server")
	}
	good := manager.Target{
		Cluster: "alpha", Endpoints: []string{"a:1"},
		NameServers: []string{"1.1.1.1", "dns.test", "dns.test:5353", "::1", "[::1]", "[::1]:53"},
	}
	require.NoError(t, good.Validate())
}

func TestEqualNameServersInAnotherOrderAreNoChange(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	target := to(alpha)
	target.NameServers = []string{"127.0.0.1", "127.0.0.2:53"}
	m := startManager(t, brisk(), target)
	awaitHealthy(t, m, "alpha")
	c, err := m.Cluster("alpha")
	require.NoError(t, err)

	target.NameServers = []string{"127.0.0.2", " 127.0.0.1:53", "127.0.0.2"}
	require.NoError(t, m.Apply(t.Context(), []manager.Target{target}))
	_, err = c.View()
	require.NoError(t, err)
	target.NameServers = []string{"127.0.0.1"}
	require.NoError(t, m.Apply(t.Context(), []manager.Target{target}))
	etcdtest.Eventually(t, "the replacement", func() bool { _, err := c.View(); return err != nil })
	_, err = c.View()
	require.ErrorIs(t, err, manager.ErrClusterGone)
}

func TestAnUnreachableClusterIsTriedWithPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		var mu sync.Mutex
		dials, up := 0, false
		metrics := newRegistry()
		m := startManager(t, metered(metrics, guard.Options{}), manager.Target{
			Cluster: "alpha", Endpoints: []string{"m0"},
			Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				mu.Lock()
				defer mu.Unlock()
				dials++
				if !up {
					return nil, io.ErrClosedPipe
				}
				return alpha.Members[0].Listener.DialContext(ctx)
			},
		})
		time.Sleep(10 * time.Minute)
		mu.Lock()
		require.Greater(t, dials, 100, "it must be tried at least every few seconds")
		require.Less(t, dials, 1000, "it must not be tried without pauses")
		// Each of the two watches doubles its pause up to 3 s, with 10 % jitter.
		require.InDelta(t, 2*600/3, metrics.sum(t, "stormwatch_manager_reattaches_total", "alpha", "not-attached"), 60)
		up = true
		mu.Unlock()
		// The connection may be at the begin of a pause of 3 s, and the watch may pause for 3 s after that, both with 10 % jitter.
		time.Sleep(7 * time.Second)
		require.True(t, view(t, m, "alpha").Healthy, "a cluster that came back must appear by itself")
	})
}

func TestANameMeansInEachClusterWhatItsOwnNameServerSays(t *testing.T) {
	m := startManager(t, brisk())
	var targets []manager.Target
	dialed := make(chan string, 1)
	for cluster, address := range map[string]string{"alpha": "127.0.0.1", "beta": "127.0.0.2"} {
		server := etcdtest.StartNameServer(t, map[string][]string{"pd.test": {address}})
		targets = append(targets, manager.Target{
			Cluster: cluster, Endpoints: []string{"127.0.0.1:1"}, NameServers: []string{server.Address},
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if network == "udp" || !strings.HasSuffix(address, ":80") {
					return new(net.Dialer).DialContext(ctx, network, address)
				}
				dialed <- address
				conn, other := net.Pipe()
				return conn, other.Close()
			},
		})
	}
	require.NoError(t, m.Apply(t.Context(), targets))
	for range 2 {
		for cluster, want := range map[string]string{"alpha": "127.0.0.1:80", "beta": "127.0.0.2:80"} {
			conn, err := m.DialContext(t.Context(), cluster, "tcp", "pd.test:80")
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			require.Equal(t, want, <-dialed)
		}
	}
}
