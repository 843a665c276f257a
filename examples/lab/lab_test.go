// Package lab_test runs the example managers in other languages against a lab.
package lab_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/fakes/services"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/lab"
	"github.com/stormwatch/stormwatch/harness/record"
)

func TestAClientInPython(t *testing.T) { try(t, "python3", "python/client.py") }

func TestAClientInNode(t *testing.T) { try(t, "node", "node/client.mjs") }

// try runs a client twice at a time, with and without its freshness check, each against a lab of its own whose leader's disk hangs.
func try(t *testing.T, interpreter, file string) {
	t.Parallel()
	if _, err := exec.LookPath(interpreter); err != nil {
		t.Skipf("%s is not installed, so the client in it cannot be run: %v", interpreter, err)
	}
	t.Run("goes stale", func(t *testing.T) {
		t.Parallel()
		r := hang(t, interpreter, file)
		require.Equal(t, record.Failed, r.Outcome, r)
		require.Contains(t, r.FailedOracles(), "freshness")
	})
	t.Run("notices with a check", func(t *testing.T) {
		t.Parallel()
		r := hang(t, interpreter, file, "--check")
		require.Equal(t, record.Passed, r.Outcome, r)
	})
}

// hang starts a lab and a client whose watch is on the leader, hangs the leader's disk until the view is stale beyond what is allowed, or until that
// should have been noticed, and returns the result of the session.
func hang(t *testing.T, interpreter, file string, options ...string) *harness.Result {
	ctx, end := context.WithCancel(context.Background())
	defer end()
	timing := lab.Timing()
	endpoints := make(chan []string, 1)
	joined := make(chan struct{})
	// The lab is told where the view will be, and the client where the members are: so the port of the view is chosen before either starts.
	port := freePort(t)
	var out lab.Outcome
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		out, err = lab.Run(ctx, lab.Options{
			Clusters: []harness.Spec{{Name: "alpha", Members: 3}}, Port: -1, View: "http://127.0.0.1:" + port + "/view", Workloads: []*harness.Workload{services.Workload()},
			Timing: &timing, Dir: t.TempDir(), Ready: func(r lab.Ready) { endpoints <- append([]string{r.URL}, r.Endpoints[0].URLs...) },
			Joined: func() { close(joined) },
		})
	}()
	defer func() { end(); <-ended }()
	var ready []string
	select {
	case ready = <-endpoints:
	case <-ended:
		require.NoError(t, err)
		t.Fatal(out.Result)
	}
	api := lab.Client{URL: ready[0]}
	bounds := bound.Bounds{Timing: timing}
	var leader string
	require.Eventually(t, func() bool { // the session may not have looked yet
		s, err := api.State(t.Context())
		if err == nil {
			leader = s.Clusters[0].Leader
		}
		return leader != ""
	}, bounds.Election(), timing.Observe)
	urls := ready[1:]
	first := int(leader[1] - '1')
	urls[0], urls[first] = urls[first], urls[0] // the client begins with the first
	start(t, interpreter, append([]string{file, "--port", port, "alpha=" + strings.Join(urls, ",")}, options...)...)
	limit := bounds.Start(3) + bounds.Failover()
	select {
	case <-joined:
	case <-ended:
		t.Fatal(out.Result)
	case <-time.After(limit):
		t.Fatal("the client does not join")
	}
	injected, err := api.Fault(t.Context(), "HangDisk(alpha/leader)")
	require.NoError(t, err)
	require.Equal(t, "HangDisk(alpha/"+leader+")", injected.Text)
	// Any staleness is allowed until the client should have noticed. What the view shows then decides.
	for deadline := time.Now().Add(limit); state(t, api).Clusters[0].Allowed == nil && time.Now().Before(deadline); {
		<-time.After(timing.Heartbeat)
	}
	<-time.After(bounds.Calm() + timing.Heartbeat)
	_, err = api.Heal(t.Context(), lab.Heal{})
	require.NoError(t, err)
	end()
	<-ended
	require.NoError(t, err)
	return out.Result
}

func state(t *testing.T, api lab.Client) lab.State {
	s, err := api.State(t.Context())
	require.NoError(t, err)
	return s
}

// freePort is a port of loopback on which nobody listens now.
func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// start starts a client and waits until it serves its view. The client ends with the test.
func start(t *testing.T, interpreter string, arguments ...string) {
	client := exec.Command(interpreter, arguments...)
	client.Stderr = os.Stderr
	said, err := client.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, client.Start())
	t.Cleanup(func() {
		_ = client.Process.Kill()
		_ = client.Wait()
	})
	_, err = bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err, "the client ended")
}
