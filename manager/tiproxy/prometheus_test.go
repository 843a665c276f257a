package tiproxy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
	"github.com/stormwatch/stormwatch/manager/tiproxy"
)

// startPrometheus serves one answer to every query and announces itself in the cluster.
func startPrometheus(t *testing.T, c *etcdtest.Fake, answer http.HandlerFunc) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	host, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	c.Put("/topology/prometheus", fmt.Sprintf(`{"ip":%q,"binary_path":"/bin/prometheus","port":%s}`, host, port))
}

func answering(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}
}

func vector(samples string) http.HandlerFunc {
	return answering(`{"status":"success","data":{"resultType":"vector","result":[` + samples + `]}}`)
}

// brisk has short timeouts, for tests in real time.
func brisk() manager.Config {
	return manager.Config{
		Prefixes: []string{"/"},
		Watch:    guard.Options{RequestTimeout: time.Second, BackoffCap: 300 * time.Millisecond},
	}
}

func startManager(t *testing.T, targets ...manager.Target) *manager.Manager {
	t.Helper()
	m, err := manager.New(brisk())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	require.NoError(t, m.Apply(t.Context(), targets))
	return m
}

// startClusters manages a fake cluster for each name.
func startClusters(t *testing.T, names ...string) (*manager.Manager, map[string]*etcdtest.Fake) {
	t.Helper()
	fakes := make(map[string]*etcdtest.Fake)
	var targets []manager.Target
	for _, name := range names {
		c := etcdtest.StartFake(t, 1)
		fakes[name] = c
		targets = append(targets, manager.Target{Cluster: name, Endpoints: c.Endpoints(), DialOptions: c.DialOptions()})
	}
	return startManager(t, targets...), fakes
}

func TestAPrometheusIsFoundInItsCluster(t *testing.T) {
	m, fakes := startClusters(t, "alpha")
	c, err := m.Cluster("alpha")
	require.NoError(t, err)

	_, err = tiproxy.FindPrometheus(t.Context(), c)
	require.ErrorIs(t, err, tiproxy.ErrNoPrometheus)
	require.ErrorContains(t, err, `"alpha"`)

	fakes["alpha"].Put("/topology/prometheus", `{"ip":"10.0.0.9","binary_path":"/p","port":9090}`)
	found, err := tiproxy.FindPrometheus(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, tiproxy.Prometheus{IP: "10.0.0.9", BinaryPath: "/p", Port: 9090}, found)
	require.Equal(t, "http://10.0.0.9:9090", found.URL())

	fakes["alpha"].Put("/topology/prometheus", "{")
	_, err = tiproxy.FindPrometheus(t.Context(), c)
	var syntax *json.SyntaxError
	require.ErrorAs(t, err, &syntax, "the reason is to be found in it")
	for _, value := range []string{"", "{}", `{"ip":"a","port":0}`, `{"ip":"a","port":65536}`, `{"ip":"a/b","port":1}`, `{"ip":"","port":1}`} {
		fakes["alpha"].Put("/topology/prometheus", value)
		_, err = tiproxy.FindPrometheus(t.Context(), c)
		var malformed *tiproxy.AnnouncementError
		require.ErrorAs(t, err, &malformed, value)
		require.Equal(t, "/topology/prometheus", malformed.Key)
		require.NotZero(t, malformed.Revision)
	}
}

func TestAPrometheusIsLookedForThreeTimes(t *testing.T) {
	hosts := etcdtest.FreeHosts(t, 1)
	c, err := startManager(t, manager.Target{Cluster: "alpha", Endpoints: hosts}).Cluster("alpha")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), etcdtest.Patience)
	defer cancel()
	begun := time.Now()
	_, err = tiproxy.FindPrometheus(ctx, c)
	var failed *guard.OpError
	require.ErrorAs(t, err, &failed)
	require.GreaterOrEqual(t, time.Since(begun), 2*100*time.Millisecond, "two pauses between three tries")
}

func TestAQueryIsMergedOverClustersAndLabelled(t *testing.T) {
	m, fakes := startClusters(t, "alpha", "beta", "gamma")
	at := time.UnixMilli(1_700_000_000_500)
	startPrometheus(t, fakes["alpha"], func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("query") != "up" || r.FormValue("time") != strconv.FormatFloat(1_700_000_000.5, 'f', 3, 64) {
			t.Errorf("asked %v", r.Form)
		}
		vector(`{"metric":{"__name__":"up","instance":"a"},"value":[1700000000.5,"1"]}`)(w, r)
	})
	startPrometheus(t, fakes["beta"], vector(`{"metric":{"__name__":"up","cluster":"inner"},"value":[1700000000.5,"0"]}`))
	startPrometheus(t, fakes["gamma"], answering(
		`{"status":"success","warnings":["slow"],"data":{"resultType":"scalar","result":[1700000000.5,"7"]}}`))

	got, err := tiproxy.Querier{Manager: m}.Query(t.Context(), "up", at)
	require.NoError(t, err)
	require.Empty(t, got.Errors)
	require.Equal(t, map[string][]string{"gamma": {"slow"}}, got.Warnings)
	ts := model.Time(at.UnixMilli())
	require.Equal(t, model.Vector{
		{Metric: model.Metric{"__name__": "up", "instance": "a", "cluster": "alpha"}, Value: 1, Timestamp: ts},
		{Metric: model.Metric{"__name__": "up", "exported_cluster": "inner", "cluster": "beta"}, Value: 0, Timestamp: ts},
		{Metric: model.Metric{"cluster": "gamma"}, Value: 7, Timestamp: ts},
	}, got.Samples)
}

func TestARangeVectorIsMergedToo(t *testing.T) {
	m, fakes := startClusters(t, "alpha")
	startPrometheus(t, fakes["alpha"], answering(`{"status":"success","data":{"resultType":"matrix","result":[
		{"metric":{"__name__":"up"},"values":[[1,"1"],[2,"0"]]}]}}`))
	got, err := tiproxy.Querier{Manager: m}.Query(t.Context(), "up[1m]", time.Now())
	require.NoError(t, err)
	require.Len(t, got.Series, 1)
	require.Equal(t, model.Metric{"__name__": "up", "cluster": "alpha"}, got.Series[0].Metric)
	require.Len(t, got.Series[0].Values, 2)
}

func TestAClusterWhosePrometheusHangsCostsTheOthersNothing(t *testing.T) {
	m, fakes := startClusters(t, "alpha", "beta", "gamma")
	startPrometheus(t, fakes["alpha"], vector(`{"metric":{},"value":[1,"1"]}`))
	startPrometheus(t, fakes["beta"], func(_ http.ResponseWriter, r *http.Request) {
		// The server notices the end of a request only after the request's body has been read.
		_ = r.ParseForm()
		<-r.Context().Done()
	})
	begun := time.Now()
	got, err := tiproxy.Querier{Manager: m, Timeout: 500 * time.Millisecond}.Query(t.Context(), "up", time.Now())
	require.NoError(t, err)
	require.Less(t, time.Since(begun), etcdtest.Patience/2)
	require.Len(t, got.Samples, 1)
	require.Len(t, got.Errors, 2)
	require.ErrorIs(t, got.Errors["beta"], context.DeadlineExceeded)
	var failed *tiproxy.QueryError
	require.ErrorAs(t, got.Errors["beta"], &failed)
	require.Equal(t, "beta", failed.Cluster)
	require.Equal(t, "up", failed.Query)
	require.ErrorIs(t, got.Errors["gamma"], tiproxy.ErrNoPrometheus)
}

func TestAQueryThatNobodyAnswersIsAnError(t *testing.T) {
	m, fakes := startClusters(t, "alpha", "beta")
	startPrometheus(t, fakes["alpha"], func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"status":"error","errorType":"bad_data","error":"parse error"}`))
	})
	startPrometheus(t, fakes["beta"], func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no", http.StatusBadGateway)
	})
	_, err := tiproxy.Querier{Manager: m}.Query(t.Context(), "up(", time.Now())
	require.ErrorContains(t, err, "answered bad_data: parse error")
	require.ErrorContains(t, err, "answered 502 Bad Gateway")

	none := startManager(t)
	got, err := tiproxy.Querier{Manager: none}.Query(t.Context(), "up", time.Now())
	require.NoError(t, err)
	require.Empty(t, got.Samples)
}

func TestAQueryAsksAllClustersSideBySide(t *testing.T) {
	m, fakes := startClusters(t, "alpha", "beta")
	var asked sync.WaitGroup
	asked.Add(len(fakes))
	for _, c := range fakes {
		startPrometheus(t, c, func(w http.ResponseWriter, r *http.Request) {
			// Neither answers before both were asked.
			asked.Done()
			asked.Wait()
			vector(`{"metric":{},"value":[1,"1"]}`)(w, r)
		})
	}
	answered := make(chan tiproxy.Metrics, 1)
	go func() {
		got, _ := tiproxy.Querier{Manager: m}.Query(t.Context(), "up", time.Now())
		answered <- got
	}()
	select {
	case got := <-answered:
		require.Empty(t, got.Errors)
		require.Len(t, got.Samples, 2)
	case <-time.After(etcdtest.Patience):
		asked.Done()
		require.Fail(t, "one waits for the other")
	}
}

func TestAQueryOfNobodyOrOfAClosedManagerIsAnError(t *testing.T) {
	m := startManager(t)
	none, err := m.Cluster("")
	require.NoError(t, err)
	_, err = tiproxy.FindPrometheus(t.Context(), none)
	require.ErrorIs(t, err, manager.ErrNoCluster)
	_, err = tiproxy.Querier{Manager: m}.QueryCluster(t.Context(), none, "up", time.Now())
	require.ErrorIs(t, err, manager.ErrNoCluster)
	require.NoError(t, m.Close())
	_, err = tiproxy.Querier{Manager: m}.Query(t.Context(), "up", time.Now())
	require.ErrorIs(t, err, manager.ErrClosed)
}

func TestAQueryOfAClusterThatIsGoneSaysSo(t *testing.T) {
	m, _ := startClusters(t, "alpha")
	c, err := m.Cluster("alpha")
	require.NoError(t, err)
	require.NoError(t, m.Apply(t.Context(), nil))
	_, err = tiproxy.Querier{Manager: m}.QueryCluster(t.Context(), c, "up", time.Now())
	require.ErrorIs(t, err, manager.ErrClusterGone)
}
