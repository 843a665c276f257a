package lab_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/lab"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// running is a session that runs beside a test.
type running struct {
	t     testing.TB
	ready lab.Ready
	token string
	end   context.CancelFunc
	ended chan struct{}
	out   lab.Outcome
	err   error
}

// begin starts a session and waits until its API answers. The session ends with the test, if not before.
func begin(t testing.TB, o lab.Options) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, token: o.Token, end: cancel, ended: make(chan struct{})}
	ready := make(chan lab.Ready, 1)
	o.Ready = func(r lab.Ready) { ready <- r }
	if o.Port == 0 {
		o.Port = -1
	}
	if len(o.Workloads) == 0 {
		o.Workloads = []*harness.Workload{counters.Workload()}
	}
	o.Dir = t.TempDir()
	go func() {
		defer close(r.ended)
		r.out, r.err = lab.Run(ctx, o)
	}()
	t.Cleanup(func() { r.finish() })
	select {
	case r.ready = <-ready:
	case <-r.ended:
		require.NoError(t, r.err)
		t.Fatalf("the session ended before it was ready: %s", r.out.Result)
	}
	return r
}

// finish ends the session and returns what comes of it.
func (r *running) finish() lab.Outcome {
	r.end()
	<-r.ended
	return r.out
}

func (r *running) client() lab.Client { return lab.Client{URL: r.ready.URL, Token: r.token} }

// state is what the session is like now.
func (r *running) state() lab.State {
	r.t.Helper()
	s, err := r.client().State(r.t.Context())
	require.NoError(r.t, err)
	return s
}

// await waits until the state is as wanted, at most for within.
func (r *running) await(what string, within time.Duration, wanted func(lab.State) bool) lab.State {
	r.t.Helper()
	deadline := time.Now().Add(within)
	for {
		s := r.state()
		if wanted(s) {
			return s
		}
		if time.Now().After(deadline) {
			text, _ := json.MarshalIndent(s, "", " ")
			r.t.Fatalf("%s: not after %v: %s", what, within, text)
		}
		select {
		case <-time.After(bound.Production().Observe):
		case <-r.ended:
			r.t.Fatalf("%s: the session has ended: %v %v", what, r.out.Result, r.err)
		}
	}
}

// request makes a request and returns the status and the body of the answer.
func (r *running) request(method, path, body string, headers ...string) (int, string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.ready.URL+path, strings.NewReader(body))
	require.NoError(r.t, err)
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			request.Host = headers[i+1]
		}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	require.NoError(r.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(r.t, err)
	return response.StatusCode, string(text)
}

// points is what the paths of the session's fault points begin with. Sessions side by side in one process have different ones.
func (r *running) points() string {
	_, text := r.request("PUT", "/failpoints/github.com/x/y", "return(1)")
	_, prefix, ok := strings.Cut(text, "want a path that begins with ")
	require.True(r.t, ok, text)
	return strings.TrimSuffix(prefix, "\"}\n")
}

// alpha is a cluster of some members.
func alpha(members int) []harness.Spec { return []harness.Spec{{Name: "alpha", Members: members}} }

func compressed() *bound.Timing {
	t := bound.Compressed()
	return &t
}

func TestTheAPISaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	r := begin(t, lab.Options{Clusters: alpha(1), Timing: compressed()})
	host := strings.TrimPrefix(r.ready.URL, "http://")
	_, port, _ := strings.Cut(host, ":")
	points := "/failpoints/" + r.points()
	for name, c := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		says               string
	}{
		"no such page":          {"GET", "/api/nothing", "", nil, 404, "there is nothing at /api/nothing"},
		"wrong method":          {"GET", "/api/fault", "", nil, 405, "want POST"},
		"wrong method of state": {"DELETE", "/api/state", "", nil, 405, "want GET"},
		"no JSON":               {"POST", "/api/fault", "fault=HangDisk", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "Content-Type: application/json"},
		"broken JSON":           {"POST", "/api/fault", `{"fault":`, nil, 400, "the body is not as it should be"},
		"another field":         {"POST", "/api/fault", `{"failure":"x"}`, nil, 400, `unknown field \"failure\"`},
		"two objects":           {"POST", "/api/fault", `{} {}`, nil, 400, "more than one object"},
		"too large":             {"POST", "/api/fault", `{"fault":"` + strings.Repeat("x", 1<<17) + `"}`, nil, 413, "larger than"},
		"unknown fault":         {"POST", "/api/fault", `{"fault":"HungDisk(alpha/m1)"}`, nil, 400, `no fault is called \"HungDisk\"; the nearest: HangDisk`},
		"unknown cluster":       {"POST", "/api/fault", `{"fault":"HangDisk(beta/m1)"}`, nil, 409, `no cluster \"beta\"`},
		"unknown member":        {"POST", "/api/fault", `{"fault":"HangDisk(alpha/m7)"}`, nil, 409, `no member \"m7\"`},
		"nothing to heal":       {"POST", "/api/heal", `{"id":7}`, nil, 404, "no such fault is in force"},
		"heal no fault":         {"POST", "/api/heal", `{"fault":"HungDisk"}`, nil, 400, "no fault is called"},
		"faults of nobody":      {"GET", "/api/faults?cluster=alpha&member=m9", "", nil, 404, `no member \"m9\"`},
		"lanes of no time":      {"GET", "/api/lanes?last=0", "", nil, 400, "want a number from 5"},
		"endless lanes":         {"GET", "/api/lanes?width=1000000", "", nil, 400, "want a number from 300"},
		"another name":          {"GET", "/api/state", "", []string{"Host", "evil.example:" + port}, 421, "is not this server's"},
		"another port":          {"GET", "/api/state", "", []string{"Host", "127.0.0.1:1"}, 421, "is not this server's"},
		"another address":       {"GET", "/api/state", "", []string{"Host", "10.1.2.3:" + port}, 421, "is not this server's"},
		"another origin":        {"POST", "/api/heal", "{}", []string{"Origin", "http://evil.example"}, 403, "another origin"},
		"no origin":             {"POST", "/api/heal", "{}", []string{"Origin", "null"}, 403, "another origin"},
		"another site":          {"GET", "/api/state", "", []string{"Sec-Fetch-Site", "cross-site"}, 403, "another origin"},
		"failpoint of nobody":   {"PUT", points + "alpha/m7/wal-save", `return("hang")`, nil, 400, `has no member`},
		"failpoint that ends":   {"PUT", points + "alpha/m1/wal-save", `panic`, nil, 400, "panic"},
		"another failpoint":     {"PUT", "/failpoints/github.com/x/y", `return(1)`, nil, 400, "want a path that begins with stormwatch/"},
		"failpoint by POST":     {"POST", points + "alpha/m1/wal-save", ``, nil, 405, "want GET, PUT, DELETE"},
	} {
		t.Run(name, func(t *testing.T) {
			status, text := r.request(c.method, c.path, c.body, c.headers...)
			require.Equal(t, c.status, status, text)
			var p lab.Problem
			require.NoError(t, json.Unmarshal([]byte(text), &p), text)
			require.Contains(t, text, c.says)
		})
	}
	require.Empty(t, r.state().Faults, "nothing of that was done")
	status, _ := r.request("GET", "/api/state", "", "Origin", r.ready.URL, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, 200, status, "the live page's own requests pass")
	status, _ = r.request("GET", "/", "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate")
	require.Equal(t, 200, status, "a link may lead to the live page")
	out := r.finish()
	require.NoError(t, r.err)
	require.Equal(t, record.NotAsked, out.Result.Outcome, out.Result.Cause)
}

func TestATokenIsNeededAndKept(t *testing.T) {
	t.Parallel()
	r := begin(t, lab.Options{Clusters: alpha(1), Timing: compressed(), Token: "sixteen-or-longer"})
	status, text := r.request("GET", "/api/state", "")
	require.Equal(t, 401, status, text)
	require.Contains(t, text, "Authorization: Bearer")
	for _, wrong := range []string{"Bearer sixteen-or-longe", "Bearer sixteen-or-longer!", "sixteen-or-longer", "Bearer "} {
		status, _ = r.request("GET", "/api/state", "", "Authorization", wrong)
		require.Equal(t, 401, status, wrong)
	}
	status, _ = r.request("GET", "/?token=wrong", "")
	require.Equal(t, 401, status)
	status, _ = r.request("GET", "/?token=sixteen-or-longer", "")
	require.Equal(t, 303, status, "the browser is led to the page, with a cookie")
	status, _ = r.request("GET", "/api/state", "", "Cookie", "stormwatch-lab=sixteen-or-longer")
	require.Equal(t, 200, status)
	status, _ = r.request("GET", "/failpoints/", "", "Cookie", "stormwatch-lab=sixteen-or-longe")
	require.Equal(t, 401, status, "failpoint's handler is behind the same guard")
	require.Equal(t, "alpha", r.state().Clusters[0].Cluster, "the client presents it")
}

func TestOthersThanThisMachineNeedAToken(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0"} {
		_, err := lab.Run(t.Context(), lab.Options{Clusters: alpha(1), Listen: address, Workloads: []*harness.Workload{counters.Workload()}})
		require.ErrorContains(t, err, "must present a token", address)
	}
	for address, says := range map[string]string{"localhost": "want HOST:PORT", "localhost:http": "want a number"} {
		_, err := lab.Run(t.Context(), lab.Options{Clusters: alpha(1), Listen: address})
		require.ErrorContains(t, err, says)
	}
}

func TestASessionIsJudgedAndCanBeReplayed(t *testing.T) {
	t.Parallel()
	r := begin(t, lab.Options{Clusters: alpha(3), Timing: compressed(), Candidate: counters.Watching()})
	limit := bound.Bounds{Timing: *compressed()}.Start(3)
	s := r.await("the manager joins", 2*limit, func(s lab.State) bool { return s.Joined != nil && s.Clusters[0].Leader != "" })
	require.Equal(t, "watching", s.Manager)
	injected, err := r.client().Fault(t.Context(), "HangDisk( alpha/watched )")
	require.NoError(t, err)
	require.Equal(t, "HangDisk(alpha/watched)", injected.Fault)
	require.Regexp(t, `^HangDisk\(alpha/m\d\)$`, injected.Text)
	s = r.state()
	require.Equal(t, []lab.InForce{injected}, s.Faults)
	r.await("the view is stale", 2*bound.Bounds{Timing: *compressed()}.Failover()+limit, func(s lab.State) bool {
		c := s.Clusters[0]
		return c.Allowed != nil && *c.Staleness > *c.Allowed
	})
	_, text := r.request("GET", "/failpoints/"+r.points()+strings.TrimSuffix(strings.TrimPrefix(injected.Text, "HangDisk("), ")")+"/wal-save", "")
	require.Equal(t, "return(\"hang\")\n", text, "failpoint's handler shows the same switches")
	status, _ := r.request("PUT", "/failpoints/"+r.points()+"alpha/m1/progress-request", `return("drop")`)
	require.Equal(t, 204, status)
	require.Equal(t, []string{r.points() + "alpha/m1/progress-request"}, r.state().Switches)
	healed, err := r.client().Heal(t.Context(), lab.Heal{Fault: injected.Text})
	require.NoError(t, err)
	require.Equal(t, []lab.InForce{injected}, healed)
	healed, err = r.client().Heal(t.Context(), lab.Heal{})
	require.NoError(t, err)
	require.Empty(t, healed)

	out := r.finish()
	require.NoError(t, r.err)
	require.Equal(t, record.Failed, out.Result.Outcome, out.Result)
	require.Contains(t, out.Result.FailedOracles(), "freshness")
	require.Len(t, out.Done.Steps, 1)
	read, err := schedule.Parse(out.Done.String())
	require.NoError(t, err)
	require.Equal(t, out.Done.String(), read.String(), "what was done reads back")
	require.Equal(t, "HangDisk(alpha/leader)", strings.Replace(read.Steps[0].Action.String(), "watched", "leader", 1))
	require.Positive(t, read.Steps[0].For)
	require.NotContains(t, out.Result.String(), "still there", "failpoint's switch was switched off in the end")
}

func TestWhatWasDoneToALeaderIsKeptAsDoneToTheLeader(t *testing.T) {
	t.Parallel()
	r := begin(t, lab.Options{Clusters: alpha(3), Timing: compressed()})
	leader := r.await("a leader", time.Minute, func(s lab.State) bool { return s.Clusters[0].Leader != "" }).Clusters[0].Leader
	injected, err := r.client().Fault(t.Context(), "HangDisk(alpha/"+leader+")")
	require.NoError(t, err)
	s := r.await("another leads", time.Minute, func(s lab.State) bool { return s.Clusters[0].Leader != "" && s.Clusters[0].Leader != leader })
	for _, m := range s.Clusters[0].Members {
		require.Equal(t, m.Member == leader, len(m.Faults) > 0, m.Member)
		if m.Member == leader {
			require.True(t, m.Believes, "a leader whose disk hangs still believes that it leads")
			require.Equal(t, []string{injected.Text}, m.Faults)
		}
	}
	_, err = r.client().Heal(t.Context(), lab.Heal{ID: injected.ID})
	require.NoError(t, err)
	_, text := r.request("GET", "/api/schedule", "")
	require.Contains(t, text, `HangDisk(alpha/leader)\n`)
	out := r.finish()
	require.Equal(t, record.NotAsked, out.Result.Outcome, out.Result.Cause)
	require.Contains(t, out.Done.String(), "HangDisk(alpha/leader)\nuntil ")
	require.Contains(t, out.Done.String(), "it was HangDisk(alpha/"+leader+").")
}
