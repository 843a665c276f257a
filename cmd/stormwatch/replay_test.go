package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/harness/cli"
	"github.com/stormwatch/stormwatch/harness/replay"
	"github.com/stormwatch/stormwatch/scenarios"
)

var (
	seeds      = flag.Int("seeds", 1, "how many seeds to replay")
	needReplay = flag.Bool("need-replay", false, "fail unless this is a replay build")
	firstSeed  = flag.Uint64("first-seed", 0, "the first of the seeds")
	repeats    = flag.Int("repeats", 3, "how often to run each seed")
	update     = flag.Bool("update", false, "write the golden files again")
)

// The command runs each scenario in a child process of its own binary, here the test binary.
func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	cli.Child(catalogue())
	flag.Parse()
	if *needReplay && !replay.Built() {
		fmt.Fprintln(os.Stderr, "this is a plain build; make test-replay makes a replay build")
		os.Exit(2)
	}
	os.Exit(m.Run())
}

// result is what one run command printed about a scenario.
type result struct {
	Outcome, Digest string
	Verdicts        []struct{ Oracle, Outcome string }

	code       int
	transcript string
}

// run runs a scenario with the reference manager in virtual time.
func run(t *testing.T, scenario string, seed uint64, transcript string) result {
	var stdout, stderr bytes.Buffer
	args := []string{"run", scenario, "--seed", fmt.Sprint(seed), "--json", "-", "--transcript=" + transcript}
	r := result{code: cli.Execute(t.Context(), catalogue(), args, &stdout, &stderr)}
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Errorf("%v: %s", err, stderr.String())
	}
	// The transcript is between the line that ends with the digest and the table.
	_, r.transcript, _ = strings.Cut(stderr.String(), r.Digest+"\n")
	r.transcript, _, _ = strings.Cut(r.transcript, "\nSCENARIO ")
	return r
}

// A seed gives the same verdicts each time. In a replay build it also gives the same timeline, to the last goroutine switch. make test-replay makes
// such a build and runs more seeds, more often.
func TestASeedReplays(t *testing.T) {
	for _, s := range scenarios.All() {
		for seed := *firstSeed; seed < *firstSeed+uint64(*seeds); seed++ {
			t.Run(fmt.Sprintf("%s/%d", s.Name, seed), func(t *testing.T) {
				results := repeated(t, s.Name, seed)
				for _, r := range results[1:] {
					require.Equal(t, results[0].Verdicts, r.Verdicts)
					if replay.Built() && results[0].Digest != r.Digest {
						require.Equal(t, results[0].transcript, r.transcript)
					}
				}
			})
		}
	}
}

// repeated runs a seed as often as -repeats says, as many runs at a time as there are processors.
func repeated(t *testing.T, scenario string, seed uint64) []result {
	results := make([]result, *repeats)
	var running errgroup.Group
	running.SetLimit(runtime.NumCPU())
	for i := range results {
		running.Go(func() error {
			results[i] = run(t, scenario, seed, "full")
			return nil
		})
	}
	require.NoError(t, running.Wait())
	return results
}

// The transcripts of a few scenarios are golden files, so that a change of behaviour is reviewed as text. Only in a replay build do simultaneous
// events come in the same order each time. make test-replay makes such a build; with UPDATE=-update it writes the files again.
func TestTranscriptsAreAsReviewed(t *testing.T) {
	if !replay.Built() {
		t.Skip("golden transcripts need a replay build: make test-replay")
	}
	for _, name := range []string{"leader-killed", "hung-leader-disk", "slow-leader-disk", "member-frozen", "progress-dropped"} {
		t.Run(name, func(t *testing.T) {
			r := run(t, name, 1, "plain")
			require.Zero(t, r.code, r)
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
				require.NoError(t, os.WriteFile(golden, []byte(r.transcript), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), r.transcript)
		})
	}
}

func TestDifferentSeedsTellDifferentTimelines(t *testing.T) {
	a, b := run(t, "hung-leader-disk", 1, "plain"), run(t, "hung-leader-disk", 2, "plain")
	require.Zero(t, a.code, a)
	require.Zero(t, b.code, b)
	require.NotEqual(t, a.Digest, b.Digest)
}
