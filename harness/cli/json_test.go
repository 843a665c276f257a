package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/replay"
)

func TestVersionsAreWrittenAsJSON(t *testing.T) {
	c := call(t.Context(), "version", "--json", "-")
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Empty(t, c.stderr)
	var v versions
	require.NoError(t, json.Unmarshal([]byte(c.stdout), &v))
	require.Equal(t, programName(), v.Program)
	require.Equal(t, runtime.Version(), v.Go)
	require.Equal(t, replay.Built(), v.Replay)
	require.NotEmpty(t, v.Etcd)

	file := filepath.Join(t.TempDir(), "version.json")
	plain := call(t.Context(), "version", "--json", file)
	require.Equal(t, v.String(), plain.stdout)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, c.stdout, string(text))
}

func TestExplanationsAreWrittenAsJSON(t *testing.T) {
	c := call(t.Context(), "explain", "hung-leader", "calm", "--managers", "watching", "--json", "-")
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Contains(t, c.stderr, "# hung-leader\n", "the text is on the standard error then")
	lines := strings.Split(strings.TrimSpace(c.stdout), "\n")
	require.Len(t, lines, 2)
	var e struct {
		Scenario, Incident string
		Clusters           []explainedSpec
		Faults             []explainedFault
		Calm               float64 `json:"calm_ms"`
		Runs               []struct{ Manager, Outcome string }
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &e))
	require.Equal(t, "hung-leader", e.Scenario)
	require.Equal(t, "May 2026", e.Incident)
	require.Equal(t, []explainedSpec{{"alpha", 3}}, e.Clusters)
	require.Equal(t, 150.0, e.Calm)
	require.Len(t, e.Faults, 1)
	f := e.Faults[0]
	require.Equal(t, "HangDisk(alpha/leader)", f.Fault)
	require.Equal(t, 1, f.Times)
	require.Equal(t, "hung leader", f.Bound)
	sum := 0.0
	for _, term := range f.Terms {
		sum += term.Long
	}
	require.Equal(t, f.Recovery, sum, "the terms are what the recovery is made of")
	require.Equal(t, "watching", e.Runs[0].Manager)
	require.Equal(t, "failed", e.Runs[0].Outcome)
	require.Contains(t, lines[1], `"faults":[]`)
}

func TestExplanationsAreEitherPagesOrJSON(t *testing.T) {
	c := call(t.Context(), "explain", "calm", "--dir", t.TempDir(), "--json", "-")
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, "[dir json]")
}
