package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/replay"
	"github.com/stormwatch/stormwatch/scenarios"
)

var (
	seeds      = flag.Int("seeds", 1, "how many seeds to replay")
	needReplay = flag.Bool("need-replay", false, "fail unless this is a replay build")
	firstSeed  = flag.Uint64("first-seed", 0, "the first of the seeds")
	repeats    = flag.Int("repeats", 3, "how often to run each seed")
)

// The test's own binary is what its children run, as the command's is.
func TestMain(m *testing.M) {
	if order := os.Getenv(childOrder); order != "" {
		beChild(order)
	}
	flag.Parse()
	if *needReplay && !replay.Built() {
		fmt.Fprintln(os.Stderr, "this is a plain build; make test-replay makes a replay build")
		os.Exit(exitUsage)
	}
	os.Exit(m.Run())
}

// A seed gives the same verdicts each time, and in a replay build the same timeline to the last switch. make test-replay makes such a
// build and asks for more seeds and repeats.
func TestASeedReplays(t *testing.T) {
	for _, s := range scenarios.All() {
		for seed := *firstSeed; seed < *firstSeed+uint64(*seeds); seed++ {
			t.Run(fmt.Sprintf("%s/%d", s.Name, seed), func(t *testing.T) {
				results := repeated(t, s, seed)
				for _, r := range results[1:] {
					require.Equal(t, said(results[0]), said(r))
					if replay.Built() && results[0].Record.Digest() != r.Record.Digest() {
						exact := record.TranscriptOptions{Updates: true, Exact: true}
						require.Equal(t, results[0].Record.Transcript(exact), r.Record.Transcript(exact))
					}
				}
			})
		}
	}
}

// repeated runs a seed again and again, as many processes at a time as there are processors.
func repeated(t *testing.T, s harness.Scenario, seed uint64) []*harness.Result {
	results := make([]*harness.Result, *repeats)
	var running errgroup.Group
	running.SetLimit(runtime.NumCPU())
	for i := range results {
		running.Go(func() error {
			results[i] = runInChild(t.Context(), s, scenarios.Reference(), seed)
			return nil
		})
	}
	require.NoError(t, running.Wait())
	return results
}

// said is what a result's verdicts are.
func said(r *harness.Result) []string {
	var list []string
	for _, v := range r.Verdicts {
		list = append(list, fmt.Sprintf("%s %v", v.Oracle, v.Passed))
	}
	return list
}

var update = flag.Bool("update", false, "write the golden files anew")

// The transcripts of a handful of scenarios, so that a change of behaviour is reviewed as text. Only a replay build tells simultaneous
// things in the same order each time; make test-replay makes one, and with UPDATE=-update writes the files anew.
func TestTranscriptsAreAsReviewed(t *testing.T) {
	if !replay.Built() {
		t.Skip("golden transcripts need a replay build: make test-replay")
	}
	for _, name := range []string{"leader-killed", "hung-leader-disk", "slow-leader-disk", "member-frozen", "progress-dropped"} {
		t.Run(name, func(t *testing.T) {
			s, err := scenarios.Find(name)
			require.NoError(t, err)
			r := runInChild(t.Context(), s, scenarios.Reference(), 1)
			require.True(t, r.Passed, r.String())
			golden := filepath.Join("testdata", name+".txt")
			text := r.Record.Transcript(record.TranscriptOptions{})
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
				require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), text)
		})
	}
}

func TestDifferentSeedsTellDifferentTimelines(t *testing.T) {
	s, err := scenarios.Find("hung-leader-disk")
	require.NoError(t, err)
	a := runInChild(t.Context(), s, scenarios.Reference(), 1)
	b := runInChild(t.Context(), s, scenarios.Reference(), 2)
	require.True(t, a.Passed, a.String())
	require.True(t, b.Passed, b.String())
	require.NotEqual(t, a.Record.Digest(), b.Record.Digest())
}
