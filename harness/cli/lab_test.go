package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// screen is what a command has written so far. It may be read while the command runs.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// sitting is a command lab that runs beside a test.
type sitting struct {
	out, says screen
	code      int
	ended     chan struct{}
}

// sit starts the command lab on ports that are free, and waits until it says what is wanted. The end of ctx ends it.
func sit(ctx context.Context, t *testing.T, ready string, args ...string) *sitting {
	const taken = "address already in use"
	for port := 24100; port < 25000; port += 20 {
		s := &sitting{ended: make(chan struct{})}
		go func() {
			defer close(s.ended)
			s.code = Execute(ctx, catalogue(), append([]string{"lab", "--port", strconv.Itoa(port)}, args...), &s.out, &s.says)
		}()
		for !strings.Contains(s.says.String(), ready) {
			select {
			case <-s.ended:
			case <-time.After(10 * time.Millisecond):
				continue
			}
			break
		}
		if !strings.Contains(s.says.String(), taken) {
			return s
		}
		<-s.ended
	}
	t.Fatal("all ports are taken")
	return nil
}

func TestALabIsHurtHealedAndJudged(t *testing.T) {
	dir := t.TempDir()
	schedule, kept, token := filepath.Join(dir, "done.txt"), filepath.Join(dir, "runs.jsonl"), filepath.Join(dir, "token")
	require.NoError(t, os.WriteFile(token, []byte("sixteen-or-longer\n"), 0o600))
	ctx, end := context.WithCancel(t.Context())
	defer end()
	s := sit(ctx, t, "The manager has joined.", "--manager", "polling", "--clusters", "alpha", "--schedule", schedule, "--record", kept, "--token-file", token)
	page := regexp.MustCompile(`(?m)^page (http://127\.0\.0\.1:\d+)/\?token=sixteen-or-longer$`).FindStringSubmatch(s.out.String())
	require.Len(t, page, 2, "%s%s", &s.out, &s.says)
	require.Regexp(t, `(?m)^alpha http://127\.0\.0\.1:\d+,http://127\.0\.0\.1:\d+,http://127\.0\.0\.1:\d+$`, s.out.String())

	c := call(t.Context(), "fault", "Blackhole(alpha/watched)", "--addr", page[1])
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, "present the token")
	c = call(t.Context(), "fault", "Blackhole(alpha/watched)", "--addr", page[1], "--token-file", token)
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Regexp(t, `\Ainjected Blackhole\(alpha/m\d\)\n\z`, c.stdout)
	injected := strings.TrimPrefix(strings.TrimSpace(c.stdout), "injected ")
	t.Setenv(labToken, "sixteen-or-longer")
	c = call(t.Context(), "fault", "Blackhull(alpha/m1)", "--addr", page[1])
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, "the nearest: Blackhole")
	c = call(t.Context(), "heal", "Freeze(alpha/m1)", "--addr", page[1])
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, "no such fault is in force")
	c = call(t.Context(), "heal", injected, "--addr", strings.TrimPrefix(page[1], "http://"))
	require.Equal(t, callResult{exitPassed, "healed " + injected + "\n", ""}, c)

	end()
	<-s.ended
	require.Equal(t, exitPassed, s.code, "%s%s", &s.out, &s.says)
	require.Contains(t, s.out.String(), "the manager polling: passed\n")
	done, err := os.ReadFile(schedule)
	require.NoError(t, err)
	require.Regexp(t, `(?m)^manager polling$`, string(done))
	require.Regexp(t, `(?m)^\S+ for \S+ Blackhole\(alpha/(leader|watched)\)$`, string(done))
	c = call(t.Context(), "replay", schedule, "--plain")
	require.Equal(t, exitPassed, c.code, "what was done runs again, in virtual time: %s%s", c.stdout, c.stderr)
	runs, err := readRuns(kept)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.Equal(t, string(done), runs[0].Schedule)
}

func TestALabThatIsAskedForWrongly(t *testing.T) {
	short := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(short, []byte("short"), 0o600))
	for want, args := range map[string][]string{
		"no manager is called":                     {"--manager", "polling-twice"},
		"[manager view]":                           {"--manager", "polling", "--view", "http://127.0.0.1:1/"},
		"want a URL such as http://127.0.0.1:8080": {"--view", "127.0.0.1:8080"},
		"want one word of 16 characters at least":  {"--token-file", short},
		"want a port":                              {"--port", "0"},
		"want 65515 at most":                       {"--port", "65530"},
		"want HOST:PORT":                           {"--listen", "everywhere"},
		"want 1, 3 or 5":                           {"--members", "2", "--port", "25100"},
		"two clusters are called":                  {"--clusters", "alpha,alpha", "--port", "25100"},
		"cannot be run with the workload":          {"--workload", "none", "--port", "25100"},
	} {
		c := call(t.Context(), append([]string{"lab"}, args...)...)
		require.Equal(t, exitUsage, c.code, "%v: %s", args, c.stderr)
		require.Contains(t, c.stderr, want)
	}
	c := call(t.Context(), "heal", "--addr", "127.0.0.1:1")
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, "no lab answers at http://127.0.0.1:1")
}
