package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/replay"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// called is what a call of the command did.
type called struct {
	code           int
	stdout, stderr string
}

func call(ctx context.Context, args ...string) called {
	var stdout, stderr bytes.Buffer
	code := execute(ctx, args, &stdout, &stderr)
	return called{code, stdout.String(), stderr.String()}
}

func TestListNamesEverything(t *testing.T) {
	c := call(t.Context(), "list")
	require.Equal(t, exitPassed, c.code)
	for _, s := range scenarios.All() {
		require.Contains(t, c.stdout, s.Name)
		require.Contains(t, c.stdout, s.Incident)
	}
	c = call(t.Context(), "list", "--managers")
	require.Equal(t, exitPassed, c.code)
	for _, m := range scenarios.Managers() {
		require.Contains(t, c.stdout, m.Name)
	}
}

func TestWrongUseIsExplained(t *testing.T) {
	existing := filepath.Join(t.TempDir(), "results.json")
	require.NoError(t, os.WriteFile(existing, []byte("precious"), 0o600))
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"scenario":        {[]string{"run", "hung-leader", "--json", existing}, `no scenario is called "hung-leader"; the nearest: hung-leader-disk`},
		"manager":         {[]string{"run", "--manager", "referense", "--json", existing}, `no manager is called "referense"; the nearest: reference`},
		"engine":          {[]string{"run", "--engine", "embeded", "--json", existing}, `no engine is called "embeded"`},
		"seed":            {[]string{"run", "--seed", "soon"}, `invalid argument "soon" for "--seed"`},
		"flag":            {[]string{"run", "--fast"}, "unknown flag: --fast"},
		"command":         {[]string{"rum"}, `unknown command "rum"`},
		"list of things":  {[]string{"list", "things"}, `unknown command "things"`},
		"unwritable file": {[]string{"run", "--json", filepath.Join(t.TempDir(), "no", "such", "folder")}, "--json: open"},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t.Context(), c.args...)
			require.Equal(t, exitUsage, got.code)
			require.Contains(t, got.stderr, c.want)
			require.Empty(t, got.stdout)
		})
	}
	kept, err := os.ReadFile(existing)
	require.NoError(t, err)
	require.Equal(t, "precious", string(kept), "a call that could not run wrote over a file")
}

// line is what a line of --json promises.
type line struct {
	Scenario     *string  `json:"scenario"`
	Engine       *string  `json:"engine"`
	Manager      *string  `json:"manager"`
	Seed         *uint64  `json:"seed"`
	Passed       *bool    `json:"passed"`
	Failover     *float64 `json:"failover_ms"`
	Bound        *float64 `json:"bound_ms"`
	MaxStaleness *float64 `json:"max_staleness_ms"`
	Wall         *float64 `json:"wall_ms"`
	Virtual      *float64 `json:"virtual_ms"`
	Verdicts     []struct {
		Oracle   *string `json:"oracle"`
		Passed   *bool   `json:"passed"`
		Evidence string  `json:"evidence"`
	} `json:"verdicts"`
	Again  *string `json:"again"`
	Digest *string `json:"digest"`
}

func TestRunPrintsATableAndWritesResults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	c := call(t.Context(), "run", "leader-moved", "progress-dropped", "leader-moved", "--engine", "embedded", "--seed", "7", "--json", file)
	require.Equal(t, exitPassed, c.code, c.stdout)
	require.Regexp(t, `(?m)^leader-moved +embedded +reference +passed +\d+\.\d{3}s +\d+\.\d{3}s$`, c.stdout)
	require.Regexp(t, `(?m)^progress-dropped +embedded +reference +passed +- +-$`, c.stdout)
	require.Contains(t, c.stdout, "2 passed, 0 failed")
	require.Contains(t, c.stderr, "[1/2] leader-moved on embedded passed in ")
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	var lines []line
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		var l line
		decoder := json.NewDecoder(strings.NewReader(scanner.Text()))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&l))
		require.NotNil(t, l.Engine)
		require.NotNil(t, l.Manager)
		require.NotNil(t, l.Passed)
		require.NotNil(t, l.MaxStaleness)
		require.NotNil(t, l.Wall)
		require.NotNil(t, l.Virtual)
		require.NotNil(t, l.Digest)
		lines = append(lines, l)
	}
	require.Len(t, lines, 2)
	require.Equal(t, "leader-moved", *lines[0].Scenario)
	require.Equal(t, uint64(7), *lines[0].Seed)
	require.NotNil(t, lines[0].Failover)
	require.Equal(t, "stormwatch run leader-moved --engine embedded --manager reference --seed 7", *lines[0].Again)
	require.NotEmpty(t, lines[0].Verdicts)
	require.Nil(t, lines[1].Failover, "progress-dropped measures no failover")
}

func TestAFailedVerdictIsToldWithEvidence(t *testing.T) {
	c := call(t.Context(), "run", "progress-answered-events-withheld", "--engine", "embedded", "--manager", "naive")
	require.Equal(t, exitFailed, c.code)
	require.Regexp(t, `(?m)^progress-answered-events-withheld +embedded +naive +FAILED +never +\d`, c.stdout)
	require.Regexp(t, `failover: alpha not fresh again within .*: at \d+\.\d{3}s alpha/m\d led, the watch sat on alpha/m\d, WithholdEvents\(alpha/m\d\) in force`, c.stdout)
	require.Contains(t, c.stdout, "again: stormwatch run progress-answered-events-withheld --engine embedded --manager naive --seed 1")
	require.Contains(t, c.stdout, "0 passed, 1 failed")
}

func TestRunIsInVirtualTimeUnlessToldOtherwise(t *testing.T) {
	c := call(t.Context(), "run", "hung-leader-disk", "--transcript")
	require.Equal(t, exitPassed, c.code, c.stdout)
	require.Regexp(t, `(?m)^hung-leader-disk +virtual +reference +passed +\d`, c.stdout)
	require.Regexp(t, `hung-leader-disk on virtual with the reference manager, seed 1, digest [0-9a-f]{16}`, c.stdout)
	require.Contains(t, c.stdout, "still calls itself leader")
	c = call(t.Context(), "run", "leader-moved", "--engine", "both")
	require.Equal(t, exitPassed, c.code, c.stdout)
	require.Regexp(t, `(?m)^leader-moved +virtual +reference +passed`, c.stdout)
	require.Regexp(t, `(?m)^leader-moved +embedded +reference +passed`, c.stdout)
	require.Contains(t, c.stdout, "2 passed, 0 failed")
}

// A child that dies is a failed verdict with its last words, and its directory goes.
func TestAChildThatDiesIsAFailedVerdict(t *testing.T) {
	r := runInChild(t.Context(), harness.Scenario{Name: "no-such-scenario"}, scenarios.Reference(), 1)
	require.False(t, r.Passed)
	require.Contains(t, r.String(), `no scenario is called "no-such-scenario"`)
	left, err := filepath.Glob(filepath.Join((*virtual.Engine)(nil).Dir(), fmt.Sprintf("stormwatch-run-%08d-*", os.Getpid())))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestVersionSaysWhichBuildItIs(t *testing.T) {
	c := call(t.Context(), "version")
	require.Equal(t, exitPassed, c.code)
	require.Contains(t, c.stdout, "etcd 3.7.3")
	if replay.Built() {
		require.Contains(t, c.stdout, "replay build")
	} else {
		require.Contains(t, c.stdout, "plain build")
	}
}

func TestOverlayWritesWhereItIsTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "overlay")
	c := call(t.Context(), "overlay", dir)
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Equal(t, filepath.Join(dir, "overlay.json")+"\n", c.stdout)
	require.FileExists(t, filepath.Join(dir, "overlay.json"))
	c = call(t.Context(), "overlay")
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, "accepts 1 arg(s), received 0")
}

// interrupting cancels a context when the command first writes something.
type interrupting struct {
	bytes.Buffer
	cancel context.CancelFunc
}

func (i *interrupting) Write(b []byte) (int, error) {
	i.cancel()
	return i.Buffer.Write(b)
}

func TestAnInterruptedRunPrintsWhatWasDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout bytes.Buffer
	stderr := &interrupting{cancel: cancel}
	code := execute(ctx, []string{"run", "leader-moved", "leader-killed", "--engine", "embedded"}, &stdout, stderr)
	require.Equal(t, exitFailed, code)
	require.Contains(t, stdout.String(), "leader-moved")
	require.NotContains(t, stdout.String(), "leader-killed")
	require.Contains(t, stderr.String(), "interrupted after 1 of 2 runs")
}
