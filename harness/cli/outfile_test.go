package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/soak"
)

// What a user keeps in a file must outlive a command that was used wrongly, whenever the mistake is noticed; and a file that was not there is not there then.
func TestWrongUseLeavesTheFilesOfTheUserAsTheyWere(t *testing.T) {
	dir := t.TempDir()
	nowhere := filepath.Join(dir, "no", "such", "folder")
	merged := aShard(t, soak.Shard{}, soak.Line{Seed: 2, Outcome: record.Passed})
	notRuns := filepath.Join(dir, "notes")
	require.NoError(t, os.WriteFile(notRuns, []byte("buy milk"), 0o600))
	runs := filepath.Join(dir, "runs.jsonl")
	require.Equal(t, exitPassed, call(t.Context(), "run", "calm", "--record", runs).code)
	kept := []string{"--report", "page.html", "--record", "kept.jsonl", "--junit", "junit.xml"}
	written := append([]string{"--json", "results.jsonl"}, kept...)
	hang := "HangDisk(alpha/leader) for 2s"
	for name, c := range map[string]struct {
		args, files []string
		failpoint   bool // a switch that the world refuses, so that the mistake is noticed within a run
	}{
		"run: no such scenario":         {args: []string{"run", "hung"}, files: written},
		"run: a file in no folder":      {args: []string{"run", "calm", "--junit", nowhere}, files: written[:6]},
		"run: one file twice":           {args: []string{"run", "calm", "--record", "results.jsonl"}, files: []string{"--json", "results.jsonl", "--junit", "junit.xml"}},
		"run: noticed within a run":     {args: []string{"run", "calm"}, files: written, failpoint: true},
		"run: both engines":             {args: []string{"run", "calm", "--engine", "all"}, files: written, failpoint: true},
		"try: no such cluster":          {args: []string{"try", "HangDisk(gamma/leader)"}, files: written},
		"try: noticed within a run":     {args: []string{"try", hang}, files: written, failpoint: true},
		"replay: no file":               {args: []string{"replay", "none.txt", "--plain"}, files: written},
		"replay: noticed within a run":  {args: []string{"replay", hang, "--plain"}, files: written, failpoint: true},
		"shrink: no such manager":       {args: []string{"shrink", hang, "--manager", "poling"}, files: []string{"--json", "shrunk.json"}},
		"shrink: it does not fail":      {args: []string{"shrink", hang, "--plain", "--brief"}, files: []string{"--json", "shrunk.json"}},
		"matrix: no such manager":       {args: []string{"matrix", "--manager", "poling"}, files: written},
		"matrix: a file in no folder":   {args: []string{"matrix", "--scenario", "calm", "--junit", nowhere}, files: written[:6]},
		"matrix: noticed within a run":  {args: []string{"matrix", "--scenario", "calm", "--manager", "polling"}, files: written, failpoint: true},
		"soak: a directory of another":  {args: []string{"soak", "--seeds", "1-2", "--out", dir, "--plain"}, files: kept},
		"soak: another soak":            {args: []string{"soak", "--seeds", "1-3", "--out", merged, "--resume", "--plain"}, files: kept},
		"soak: a file in no folder":     {args: []string{"soak", "--seeds", "1-3", "--out", filepath.Join(dir, "new"), "--junit", nowhere}, files: kept[:4]},
		"bench: no such manager":        {args: []string{"bench", "--manager", "poling"}, files: []string{"--json", "bench.jsonl", "--plot", "bench.svg"}},
		"bench: a file in no folder":    {args: []string{"bench", "--json", nowhere}, files: []string{"--plot", "bench.svg"}},
		"bench: noticed within a run":   {args: []string{"bench", "--case", "leader-killed", "--runs", "1"}, files: []string{"--json", "bench.jsonl", "--plot", "bench.svg"}, failpoint: true},
		"merge: no soak":                {args: []string{"merge", dir}, files: []string{"--json", "summary.json", "--plot", "soak.svg"}},
		"merge: a file in no folder":    {args: []string{"merge", merged, "--json", nowhere}, files: []string{"--plot", "soak.svg"}},
		"merge: no such format":         {args: []string{"merge", merged, "--plot", "soak.txt"}, files: []string{"--json", "summary.json"}},
		"report: a missing file":        {args: []string{"report", runs, "none.jsonl"}, files: []string{"--out", "page.html"}},
		"report: no file of runs":       {args: []string{"report", runs, notRuns}, files: []string{"--out", "page.html"}},
		"lab: an even number":           {args: []string{"lab", "--members", "2", "--port", "25000"}, files: append([]string{"--schedule", "done.txt"}, kept...)},
		"lab: two clusters of one name": {args: []string{"lab", "--clusters", "alpha,alpha", "--port", "25000"}, files: append([]string{"--schedule", "done.txt"}, kept...)},
		"lab: no such workload":         {args: []string{"lab", "--workload", "none", "--port", "25000"}, files: append([]string{"--schedule", "done.txt"}, kept...)},
		"lab: no such port":             {args: []string{"lab", "--port", "65536"}, files: append([]string{"--schedule", "done.txt"}, kept...)},
		"explain: no such results":      {args: []string{"explain", "calm", "--results", "none.jsonl"}, files: []string{"--json", "explained.jsonl"}},
		"list: two lists":               {args: []string{"list", "--faults", "--managers"}, files: []string{"--json", "list.jsonl"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.failpoint {
				t.Setenv("GO_FAILPOINTS", `stormwatch/gamma/m1/wal-save=return("hang")`)
			}
			for _, there := range []bool{true, false} {
				t.Chdir(t.TempDir())
				args := append([]string{}, c.args...)
				for i := 0; i < len(c.files); i += 2 {
					args = append(args, c.files[i], c.files[i+1])
					if there {
						require.NoError(t, os.WriteFile(c.files[i+1], []byte("precious"), 0o600))
					}
				}
				got := call(t.Context(), args...)
				require.Equal(t, exitUsage, got.code, "%s%s", got.stdout, got.stderr)
				for i := 1; i < len(c.files); i += 2 {
					if !there {
						require.NoFileExists(t, c.files[i])
						continue
					}
					text, err := os.ReadFile(c.files[i])
					require.NoError(t, err)
					require.True(t, string(text) == "precious", "%s is not as it was: %s", c.files[i], got.stderr)
				}
			}
		})
	}
}

func TestWhereTheLastWholeLineEndsIsFoundInLongLinesToo(t *testing.T) {
	for text, want := range map[string]int64{
		"": 0, "torn": 0, "\n": 1, "a\n": 2, "a\ntorn": 2, "a\n" + strings.Repeat("x", 1<<16): 2, "a\n" + strings.Repeat("x", 1<<17+3): 2,
	} {
		name := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		f, err := os.Open(name)
		require.NoError(t, err)
		defer f.Close()
		end, err := wholeLines(f)
		require.NoError(t, err)
		require.Equal(t, want, end)
	}
}

func TestAPictureThatCouldNotBeDrawnLeavesTheFileAsItWas(t *testing.T) {
	dir := t.TempDir()
	old, none := filepath.Join(dir, "old.png"), filepath.Join(dir, "none.png")
	require.NoError(t, os.WriteFile(old, []byte("precious"), 0o600))
	for _, name := range []string{old, none} {
		var files outputs
		p, err := files.picture(name)
		require.NoError(t, err)
		require.NoError(t, p.draw(nil))
		files.end(&err)
		require.NoError(t, err)
	}
	kept, err := os.ReadFile(old)
	require.NoError(t, err)
	require.Equal(t, "precious", string(kept))
	require.NoFileExists(t, none)
}

func TestACommandDoesNotWriteToWhatItReads(t *testing.T) {
	dir := t.TempDir()
	schedule := filepath.Join(dir, "incident.txt")
	require.NoError(t, os.WriteFile(schedule, []byte("HangDisk(alpha/leader) for 2s\n"), 0o600))
	merged := aShard(t, soak.Shard{}, soak.Line{Seed: 2, Outcome: record.Passed})
	params := filepath.Join(merged, "soak.json")
	text, err := os.ReadFile(params)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(params, bytes.ReplaceAll(text, []byte("mine"), []byte("polling")), 0o600)) // a manager that a soak can go on with
	known := filepath.Join(dir, "known.txt")
	require.NoError(t, os.WriteFile(known, []byte("freshness: Kill\n"), 0o600))
	runs := filepath.Join(dir, "runs.jsonl")
	require.Equal(t, exitPassed, call(t.Context(), "run", "calm", "--record", runs).code)
	for file, lists := range map[string][][]string{
		schedule: {{"try", schedule, "--json", schedule}, {"replay", schedule, "--plain", "--record", schedule}},
		runs:     {{"report", runs, "--out", runs}, {"report", runs, "--junit", runs}},
		known:    {{"merge", merged, "--known", known, "--json", known}},
		filepath.Join(merged, "runs.jsonl"): {
			{"merge", merged, "--json", filepath.Join(merged, "runs.jsonl")},
			{"soak", "--out", merged, "--resume", "--plain", "--record", filepath.Join(merged, "runs.jsonl")},
		},
	} {
		before, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, args := range lists {
			c := call(t.Context(), args...)
			require.Equal(t, exitUsage, c.code, "%q: %s", args, c.stderr)
			require.Contains(t, c.stderr, ": "+file+" is a file that the command reads")
			after, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(before), string(after))
		}
	}
}

func TestOutputGoesToDevicesToo(t *testing.T) {
	for range 2 {
		c := call(t.Context(), "list", "--json", os.DevNull)
		require.Equal(t, exitPassed, c.code, c.stderr)
	}
	c := call(t.Context(), "run", "calm", "--record", os.DevNull, "--json", os.DevNull)
	require.Equal(t, exitPassed, c.code, "a device may be named twice: %s", c.stderr)
}
