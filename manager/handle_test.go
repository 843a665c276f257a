package manager_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/test/bufconn"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

func TestEveryCallHasADefinedAnswerForAnyNumberOfClusters(t *testing.T) {
	port := echo(t)
	alpha, beta := toFake(etcdtest.StartFake(t, 1), "alpha"), toFake(etcdtest.StartFake(t, 1), "beta")
	for _, targets := range [][]manager.Target{nil, {alpha}, {alpha, beta}} {
		m := startManager(t, brisk(), targets...)
		require.Len(t, m.Clusters(), len(targets))

		_, err := m.Cluster("gamma")
		require.ErrorIs(t, err, manager.ErrNoCluster)
		require.EqualError(t, err, `backend cluster not found: "gamma"`)
		_, err = m.DialContext(t.Context(), "gamma", "tcp", "127.0.0.1:"+port)
		require.ErrorIs(t, err, manager.ErrNoCluster, "an unknown cluster must not fall back to anything")

		none, err := m.Cluster("")
		require.NoError(t, err)
		require.Empty(t, none.Name())
		require.Same(t, http.DefaultClient, none.HTTPClient())
		conn, err := m.DialContext(t.Context(), "", "tcp", "127.0.0.1:"+port)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		_, err = none.View()
		require.ErrorIs(t, err, manager.ErrNoCluster)
		_, err = none.Get(t.Context(), "k")
		require.ErrorIs(t, err, manager.ErrNoCluster)

		for _, target := range targets {
			awaitHealthy(t, m, target.Cluster)
			c, err := m.Cluster(target.Cluster)
			require.NoError(t, err)
			require.Equal(t, target.Cluster, c.Name())
			_, err = c.Get(t.Context(), "k")
			require.NoError(t, err)
		}
		require.NoError(t, m.Close())
		_, err = m.Cluster("alpha")
		require.ErrorIs(t, err, manager.ErrClosed)
		require.ErrorIs(t, m.SetRegistration(instance("one")), manager.ErrClosed)
	}
}

// requireGone checks that all methods of an invalid handle fail.
func requireGone(t *testing.T, c *manager.Cluster, want manager.ClusterGoneError) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		var gone *manager.ClusterGoneError
		require.ErrorAs(t, err, &gone)
		require.ErrorIs(t, err, manager.ErrClusterGone)
		require.Equal(t, want, *gone)
		require.Equal(t, want.Closed, errors.Is(err, manager.ErrClosed))
		require.Contains(t, err.Error(), want.Cluster)
	}
	_, err := c.View()
	check(err)
	_, err = c.Get(t.Context(), "k")
	check(err)
	_, err = c.DialContext(t.Context(), "tcp", "127.0.0.1:1")
	check(err)
	_, err = c.HTTPClient().Post("http://127.0.0.1:1", "text/plain", http.NoBody)
	check(err)
}

func TestAHandleFailsOnceItsClusterIsReplacedRemovedOrClosed(t *testing.T) {
	fake := etcdtest.StartFake(t, 2)
	first := toFake(fake, "alpha")
	second := first
	second.Endpoints = first.Endpoints[:1]
	m := startManager(t, brisk(), first)
	awaitHealthy(t, m, "alpha")
	get := func() *manager.Cluster {
		c, err := m.Cluster("alpha")
		require.NoError(t, err)
		return c
	}
	replaced := get()
	require.NoError(t, m.Apply(t.Context(), []manager.Target{second}))
	etcdtest.Eventually(t, "the successor", func() bool { _, err := replaced.View(); return err != nil })
	requireGone(t, replaced, manager.ClusterGoneError{Cluster: "alpha", Replaced: true})

	removed := get()
	require.NoError(t, m.Apply(t.Context(), nil))
	requireGone(t, removed, manager.ClusterGoneError{Cluster: "alpha"})

	require.NoError(t, m.Apply(t.Context(), []manager.Target{first}))
	closed := get()
	require.NoError(t, m.Close())
	requireGone(t, closed, manager.ClusterGoneError{Cluster: "alpha", Closed: true})
	requireGone(t, replaced, manager.ClusterGoneError{Cluster: "alpha", Replaced: true})
}

func TestCallsUnderWayEndWithTheirCluster(t *testing.T) {
	reached, release := make(chan struct{}, 2), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
		}
		reached <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })

	m := startManager(t, brisk(), toFake(etcdtest.StartFake(t, 1), "alpha"))
	c, err := m.Cluster("alpha")
	require.NoError(t, err)
	response, err := c.HTTPClient().Get(server.URL + "/body")
	require.NoError(t, err)
	unanswered := make(chan error, 1)
	go func() {
		_, err := c.HTTPClient().Get(server.URL)
		unanswered <- err
	}()
	<-reached
	<-reached
	require.NoError(t, m.Apply(t.Context(), nil))
	require.ErrorIs(t, <-unanswered, manager.ErrClusterGone)
	_, err = io.ReadAll(response.Body)
	require.ErrorIs(t, err, manager.ErrClusterGone)
	require.NoError(t, response.Body.Close())
}

// site is a cluster with a web server on one network, reached through one set of endpoints.
type site struct {
	name  string
	fake  *etcdtest.Fake
	web   *bufconn.Listener
	dials atomic.Int64
}

func startSite(t *testing.T, name string) *site {
	s := &site{name: name, fake: etcdtest.StartFake(t, 1), web: bufconn.Listen(1 << 16)}
	s.fake.Put("/who", name)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(s.web) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	return s
}

func (s *site) target(cluster string) manager.Target {
	return manager.Target{
		Cluster: cluster, Endpoints: []string{"http://" + s.name},
		Dial: func(ctx context.Context, _, address string) (net.Conn, error) {
			s.dials.Add(1)
			if address == "web:80" {
				return s.web.DialContext(ctx)
			}
			return s.fake.Members[0].Listener.DialContext(ctx)
		},
	}
}

// who asks a site for its name in every way that a handle offers.
func who(ctx context.Context, c *manager.Cluster) (names []string, err error) {
	got, err := c.Get(ctx, "/who", clientv3.WithSerializable())
	if err != nil {
		return nil, err
	}
	names = append(names, string(got.Kvs[0].Value))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://web", nil)
	if err != nil {
		return names, err
	}
	response, err := c.HTTPClient().Do(request)
	if err != nil {
		return names, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return names, err
	}
	return append(names, string(body)), nil
}

// TestHandlesUnderLoadReachTheirOwnClusterOrNone is to be run with -race.
func TestHandlesUnderLoadReachTheirOwnClusterOrNone(t *testing.T) {
	one, two := startSite(t, "one"), startSite(t, "two")
	cfg := brisk()
	cfg.Watch.BackoffCap = 100 * time.Millisecond
	m := startManager(t, cfg, one.target("alpha"))
	awaitHealthy(t, m, "alpha")

	ctx, stop := context.WithCancel(t.Context())
	var answers, gone atomic.Int64
	var users sync.WaitGroup
	for range 6 {
		users.Go(func() {
			for ctx.Err() == nil {
				c, err := m.Cluster("alpha")
				if err != nil {
					if !errors.Is(err, manager.ErrNoCluster) {
						t.Errorf("no handle: %v", err)
					}
					continue
				}
				use(ctx, t, c, &answers, &gone)
			}
		})
	}
	sets := [][]manager.Target{
		{two.target("alpha")}, {one.target("alpha")}, {one.target("alpha"), two.target("beta")}, nil, {one.target("alpha")},
	}
	for i := range 40 {
		targets := sets[i%len(sets)]
		if !assertNoError(t, m.Apply(ctx, targets)) {
			break
		}
		for _, target := range targets {
			etcdtest.Eventually(t, "a healthy "+target.Cluster, func() bool { return view(t, m, target.Cluster).Healthy })
		}
		served := answers.Load()
		if len(targets) > 0 {
			etcdtest.Eventually(t, "answers", func() bool { return answers.Load() > served+3 || t.Failed() })
		}
	}
	stop()
	users.Wait()
	require.Positive(t, gone.Load())
	t.Logf("%d answers, %d handles found void", answers.Load(), gone.Load())
}

func assertNoError(t *testing.T, err error) bool {
	if err != nil {
		t.Error(err)
	}
	return err == nil
}

// use asks a handle until it is invalid. All its answers must be from one site.
func use(ctx context.Context, t *testing.T, c *manager.Cluster, answers, gone *atomic.Int64) {
	first := ""
	for ctx.Err() == nil && !t.Failed() {
		names, err := who(ctx, c)
		for _, name := range names {
			if first == "" {
				first = name
			}
			if name != first {
				t.Errorf("a handle of site %q reached site %q", first, name)
			}
			answers.Add(1)
		}
		switch {
		case err == nil || ctx.Err() != nil:
		case errors.Is(err, manager.ErrClusterGone):
			gone.Add(1)
			if _, err := c.View(); !errors.Is(err, manager.ErrClusterGone) {
				t.Errorf("an invalid handle became valid: %v", err)
			}
			return
		default:
			t.Errorf("neither an answer nor a void handle: %v", err)
			return
		}
	}
}

func TestGetAsksTheNextMemberWhenOneIsDown(t *testing.T) {
	fake := etcdtest.StartFake(t, 2)
	fake.Put("/who", "me")
	target := toFake(fake, "alpha")
	target.Endpoints = append([]string{"http://nobody"}, target.Endpoints...)
	c := handle(t, target)
	got, err := c.Get(t.Context(), "/who")
	require.NoError(t, err)
	require.Equal(t, "me", string(got.Kvs[0].Value))

	nowhere := handle(t, manager.Target{Cluster: "beta", Endpoints: etcdtest.FreeHosts(t, 2)})
	_, err = nowhere.Get(t.Context(), "/who")
	var failed *guard.OpError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "beta", failed.Cluster)
	require.Equal(t, "/who", failed.Key)
	_, err = nowhere.Get(canceled(), "/who")
	require.ErrorIs(t, err, context.Canceled)
}

// A call of a dialer that ignores its context does not end when it is canceled.
func TestARuntimeClosesNothingWhileSomebodyIsInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		entered, release := make(chan struct{}), make(chan struct{})
		target := toFake(etcdtest.StartFake(t, 1), "alpha")
		target.Dial = func(context.Context, string, string) (net.Conn, error) {
			close(entered)
			<-release
			client, server := net.Pipe()
			return client, server.Close()
		}
		m := startManager(t, watching(guard.Options{}), target)
		c, err := m.Cluster("alpha")
		require.NoError(t, err)
		asked, applied := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := c.HTTPClient().Post("http://web", "text/plain", http.NoBody)
			asked <- err
		}()
		<-entered
		go func() { applied <- m.Apply(t.Context(), nil) }()
		require.ErrorIs(t, <-asked, manager.ErrClusterGone)
		time.Sleep(time.Minute)
		require.Empty(t, applied)
		close(release)
		require.NoError(t, <-applied)
	})
}
