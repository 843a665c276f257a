package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/soak"
)

// aShard writes the results of a soak with these lines by hand.
func aShard(t *testing.T, shard soak.Shard, lines ...soak.Line) (dir string) {
	t.Helper()
	dir = t.TempDir()
	params, err := json.Marshal(soak.Params{Version: soak.Version, First: 1, Last: 4, Engine: virtualName, Manager: "mine", Shard: shard})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "soak.json"), params, 0o644))
	var text []byte
	for _, l := range lines {
		l.Version, l.Digest = soak.Version, fmt.Sprint(l.Seed)
		line, err := json.Marshal(l)
		require.NoError(t, err)
		text = append(append(text, line...), '\n')
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "runs.jsonl"), text, 0o644))
	return dir
}

func failedRun(seed uint64, kind string) soak.Line {
	return soak.Line{
		Seed: seed, Outcome: record.Failed, Failed: []soak.Failure{{Oracle: "freshness", Evidence: "stale"}},
		Explained: []soak.Explained{{Oracle: "freshness", Kind: kind, Text: "because"}}, Again: "try it",
	}
}

func TestMergeFailsOnlyForNewFailures(t *testing.T) {
	passed := soak.Line{Seed: 2, Outcome: record.Passed}
	first := aShard(t, soak.Shard{Index: 1, Of: 2}, failedRun(1, "Kill"), failedRun(3, "Kill"))
	second := aShard(t, soak.Shard{Index: 0, Of: 2}, passed, failedRun(4, "Freeze"))
	c := call(t.Context(), "merge", first, second)
	require.Equal(t, exitFailed, c.code, c.stderr)
	require.Empty(t, c.stderr)
	require.Contains(t, c.stdout, "4 schedules in 0.0 virtual hours, 0 situations: 1 passed, 3 failed, 0 not judged\n")
	require.Contains(t, c.stdout, "FAILED freshness: Kill: 2 runs, first with seed 1\n  evidence: stale\n  cause: because\n  again: try it\n")

	known := filepath.Join(t.TempDir(), "known.txt")
	for text, want := range map[string]int{
		"freshness: Kill\n# soon\nfreshness: Freeze\n": exitPassed, "freshness: Kill": exitFailed, "": exitFailed,
		"freshness: Kill\nfreshness: Freeze\nleaks: Reset\n": exitPassed,
	} {
		require.NoError(t, os.WriteFile(known, []byte(text), 0o644))
		c := call(t.Context(), "merge", second, first, "--known", known)
		require.Equal(t, want, c.code, text)
	}
	require.Equal(t, exitPassed, call(t.Context(), "merge", aShard(t, soak.Shard{}, passed)).code)
	unjudged := aShard(t, soak.Shard{}, soak.Line{Seed: 2, Outcome: record.NotJudged, Cause: "it died"})
	require.NoError(t, os.WriteFile(known, nil, 0o644))
	require.Equal(t, exitNotJudged, call(t.Context(), "merge", unjudged).code)
	require.Equal(t, exitNotJudged, call(t.Context(), "merge", unjudged, "--known", known).code)
}

func TestMergeWritesItsSummaryAsJSON(t *testing.T) {
	dir := aShard(t, soak.Shard{}, failedRun(1, "Kill"))
	c := call(t.Context(), "merge", dir, "--json", "-", "--markdown")
	require.Equal(t, exitFailed, c.code)
	require.Contains(t, c.stderr, "1 of 4 seeds were run\n")
	require.Contains(t, c.stderr, "## Soak of mine on virtual\n")
	var s soak.Summary
	require.NoError(t, json.Unmarshal([]byte(c.stdout), &s))
	require.Equal(t, soak.Outcomes{Failed: 1}, s.Outcomes)
	require.Equal(t, "freshness: Kill", s.Failures[0].Key)
	require.Contains(t, c.stdout, `"gone": null`)
}

func TestMergeDrawsItsSummary(t *testing.T) {
	dir, plots := aShard(t, soak.Shard{}, failedRun(1, "Kill")), t.TempDir()
	svg, png := filepath.Join(plots, "soak.svg"), filepath.Join(plots, "soak.png")
	require.Equal(t, exitFailed, call(t.Context(), "merge", dir, "--plot", svg).code, "a failure is one with a picture too")
	picture, err := os.ReadFile(svg)
	require.NoError(t, err)
	require.Contains(t, string(picture), ">freshness</text>")
	require.Equal(t, exitFailed, call(t.Context(), "merge", dir, "--plot", png).code)
	picture, err = os.ReadFile(png)
	require.NoError(t, err)
	require.Equal(t, "\x89PNG", string(picture[:4]))
	c := call(t.Context(), "merge", dir, "--plot", filepath.Join(plots, "soak.txt"))
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, "--plot: "+filepath.Join(plots, "soak.txt")+": want a name that ends in .svg or .png or .pdf")
}
