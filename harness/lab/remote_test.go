package lab_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/lab"
	"github.com/stormwatch/stormwatch/harness/record"
)

// serving is a manager in a process of its own, as far as the lab can tell: it has its own client, and serves its view over HTTP.
func serving(t *testing.T, manager harness.Manager, fails *atomic.Bool) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if fails.Load() {
			http.Error(w, "out of order", http.StatusInternalServerError)
			return
		}
		var views lab.Views
		if v, ok := manager.View("alpha"); ok {
			one := lab.ClusterView{Cluster: "alpha", Revision: v.Revision, Facts: map[string]map[string]string{}}
			for subject, value := range v.Facts {
				one.Facts[subject.Kind] = map[string]string{subject.Name: value}
			}
			views.Clusters = append(views.Clusters, one)
		}
		_ = json.NewEncoder(w).Encode(views)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAManagerElsewhereIsJudgedByItsView(t *testing.T) {
	t.Parallel()
	manager, err := harness.Mirror{Follow: counters.Watch, Client: func(c *clientv3.Config) { c.DialTimeout = time.Second }}.New(harness.Setup{})
	require.NoError(t, err)
	var fails atomic.Bool
	r := begin(t, lab.Options{
		Clusters: alpha(3), Timing: compressed(), View: serving(t, manager, &fails), Workloads: []*harness.Workload{counters.Workload()},
	})
	t.Cleanup(func() { require.NoError(t, manager.Close()) })
	s := r.await("it is waited for", time.Minute, func(s lab.State) bool { return s.Waiting != "" })
	require.Nil(t, s.Joined)
	require.NoError(t, manager.Apply(t.Context(), []harness.Target{{Cluster: "alpha", Endpoints: r.ready.Endpoints[0].URLs}}))
	s = r.await("it joins and is up to date", time.Minute, func(s lab.State) bool {
		return s.Joined != nil && s.Clusters[0].Staleness != nil && *s.Clusters[0].Staleness == 0
	})
	require.Empty(t, s.Waiting)
	watched := 0
	for _, m := range s.Clusters[0].Members {
		watched += len(m.Watches)
	}
	require.Equal(t, 1, watched, "a member says who watches, whatever client that is")

	fails.Store(true)
	s = r.await("its view is gone", time.Minute, func(s lab.State) bool { return s.Clusters[0].Error != "" })
	require.Contains(t, s.Clusters[0].Error, "500 Internal Server Error")
	r.await("its last view is stale", time.Minute, func(s lab.State) bool {
		return *s.Clusters[0].Staleness > *s.Clusters[0].Allowed
	})
	fails.Store(false)
	r.await("it is up to date again", time.Minute, func(s lab.State) bool { return *s.Clusters[0].Staleness == 0 })
	out := r.finish()
	require.NoError(t, r.err)
	require.Equal(t, record.Failed, out.Result.Outcome, out.Result)
	require.Equal(t, []string{"freshness"}, out.Result.FailedOracles(), "that its watch and its client are still there is no failure")
}

func TestAViewThatIsNotAsItShouldBeIsSaid(t *testing.T) {
	t.Parallel()
	var body atomic.Value
	body.Store("{")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(body.Load().(string)))
	}))
	defer server.Close()
	r := begin(t, lab.Options{Clusters: alpha(1), Timing: compressed(), View: server.URL})
	for text, says := range map[string]string{
		`{`: "not as it should be",
		`{"clusters":[{"cluster":"alpha","Facts_":{}}]}`: "unknown field",
		`{"format":"stormwatch.view/2","clusters":[]}`:   `want "stormwatch.view/1"`,
		`{"clusters":[]}`:                                            `no cluster "alpha"`,
		`{"clusters":[{"cluster":"alpha"}]}`:                         "shows nothing yet",
		`{"clusters":[{"cluster":"alpha","facts":{},"keys":{}}]}`:    "facts and keys",
		`{"clusters":[{"cluster":"alpha","facts":{"x":{"y":"z"}}}]}`: `facts of the kind "x"; the workload counters has counter`,
	} {
		body.Store(text)
		r.await(text, time.Minute, func(s lab.State) bool { return strings.Contains(s.Waiting, says) })
	}
	out := r.finish()
	require.Equal(t, record.NotAsked, out.Result.Outcome)
	require.Contains(t, out.Result.Cause, "never joined")
}
