package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// The tests in this file use a guide and runs that follow from the seed and from what was learned before. What comes of a seed is thus wrong as soon as a
// guide has learned something else, or in another order.

// memory is a guide whose schedules name how much it has learned.
type memory struct {
	known map[string]int // how often each was reached
	order []string
}

func newMemory() Guide { return &memory{known: map[string]int{}} }

func (m *memory) Next(seed uint64) schedule.Schedule {
	last := ""
	if len(m.order) > 0 {
		last = m.order[len(m.order)-1]
	}
	return schedule.Schedule{
		About: []string{fmt.Sprintf("seed %d after %d: %s %v", seed, len(m.order), last, m.known)}, Clusters: []harness.Spec{{Name: "alpha", Members: 3}}, Until: time.Minute,
	}
}

func (m *memory) Learn(_ schedule.Schedule, reached []string) (fresh []string) {
	for _, r := range reached {
		if m.known[r]++; m.known[r] == 1 {
			m.order = append(m.order, r)
			fresh = append(fresh, r)
		}
	}
	return fresh
}

// digestOf is a number that follows from a schedule.
func digestOf(s schedule.Schedule) uint64 {
	h := fnv.New64()
	fmt.Fprint(h, s)
	return h.Sum64()
}

// pretend makes a result that follows from the schedule: some fail, some cannot be judged.
func pretend(_ context.Context, seed uint64, s schedule.Schedule) *harness.Result {
	r := &harness.Result{
		Engine: "virtual", Manager: "mine", Workload: "counters", Seed: seed, Outcome: record.Passed, Virtual: time.Duration(seed) * time.Second,
		Wall: time.Second, Again: fmt.Sprintf("try %d", seed),
	}
	switch d := digestOf(s); {
	case d%7 == 0:
		r.Outcome, r.Cause = record.NotJudged, "the process of the run died\nmore"
	case d%5 == 0:
		r.Outcome = record.Failed
		r.Verdicts = []record.Verdict{{Oracle: "freshness", Outcome: record.Failed, Evidence: fmt.Sprintf("stale with seed %d", seed)}}
		if d%2 == 0 {
			r.Verdicts = append(r.Verdicts, record.Verdict{Oracle: "honesty", Outcome: record.Failed, Evidence: "lies"})
		}
	}
	r.Record = record.Empty()
	r.Record.End = r.Virtual
	r.Record.Notes = []record.Note{{Text: s.String()}}
	return r
}

// situations are a few situations that follow from the schedule.
func situations(r *record.Record) []string {
	h := fnv.New64()
	fmt.Fprint(h, r.Notes[0].Text)
	return []string{fmt.Sprint("a", h.Sum64()%8), fmt.Sprint("b", h.Sum64()/64%8)}
}

func explained(_ context.Context, seed uint64, _ schedule.Schedule, oracle string) Explained {
	return Explained{Kind: fmt.Sprintf("kind %d", seed%3), Text: fmt.Sprintf("because of %d", seed), File: fmt.Sprintf("failures/%s-%d.txt", oracle, seed)}
}

// aSoak is a soak of some hundred pretended runs.
func aSoak(dir string) Config {
	return Config{
		Params: Params{Version: Version, First: 1, Last: 300, Engine: "virtual", Manager: "mine"}, Dir: dir, Workers: 3,
		NewGuide: newMemory, Run: pretend, Reached: situations, Explain: explained,
	}
}

// linesOf are the lines of a soak's results by seed, without what the wall clock decides. Of a seed with two lines it is the last.
func linesOf(t *testing.T, dir string) map[uint64]Line {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, linesFile))
	require.NoError(t, err)
	lines := map[uint64]Line{}
	_, torn, err := readLines(strings.NewReader(string(text)), linesFile, func(l Line) error {
		l.Elapsed = 0
		lines[l.Seed] = l
		return nil
	})
	require.NoError(t, err)
	require.False(t, torn)
	return lines
}

// merged is the summary of directories, as JSON, without what the wall clock decides.
func merged(t *testing.T, dirs ...string) string {
	t.Helper()
	s, notes, err := Merge(dirs...)
	require.NoError(t, err)
	require.Empty(t, notes)
	s.Speed = Speed{}
	text, err := json.MarshalIndent(s, "", " ")
	require.NoError(t, err)
	return string(text)
}

// unsharded runs the soak at one go.
func unsharded(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, Run(t.Context(), aSoak(dir)))
	return dir
}

func TestASoakRunsEverySeedOnceWithAsManyWorkersAsThereAre(t *testing.T) {
	dir := unsharded(t)
	want := linesOf(t, dir)
	require.Len(t, want, 300)
	outcomes := map[record.Outcome]int{}
	for _, l := range want {
		outcomes[l.Outcome]++
		require.Equal(t, int(l.Seed%Islands), l.Island)
	}
	require.Len(t, outcomes, 3, "the pretended runs are of every kind")
	for _, workers := range []int{0, 1, 40} {
		other := t.TempDir()
		c := aSoak(other)
		c.Workers = workers
		require.NoError(t, Run(t.Context(), c))
		require.Equal(t, want, linesOf(t, other))
	}
}

// The guides of the islands learn, so schedules depend on earlier runs. Else the tests on resumption and shards would show nothing.
func TestWhatIsDrawnDependsOnWhatTheIslandHasReached(t *testing.T) {
	lines := linesOf(t, unsharded(t))
	require.Contains(t, lines[1].Schedule, "seed 1 after 0:")
	require.Regexp(t, `seed 289 after [1-9]\d*: [ab]\d`, lines[289].Schedule)
}

func TestAnIslandIsExplainedOncePerOracle(t *testing.T) {
	lines := linesOf(t, unsharded(t))
	seen := map[string]bool{}
	for seed := uint64(1); seed <= 300; seed++ {
		l := lines[seed]
		for _, f := range l.Failed {
			key := fmt.Sprint(l.Island, f.Oracle)
			require.Equal(t, !seen[key], slices.ContainsFunc(l.Explained, func(e Explained) bool { return e.Oracle == f.Oracle }), "seed %d", seed)
			seen[key] = true
		}
	}
	require.Greater(t, len(seen), 10)
}

// Two shards added up are the soak that was not sharded.
func TestShardsAddUpToTheWholeSoak(t *testing.T) {
	want := merged(t, unsharded(t))
	for _, of := range []int{2, 3, 16} {
		var dirs []string
		for i := range of {
			dir := t.TempDir()
			c := aSoak(dir)
			c.Shard = Shard{i, of}
			require.NoError(t, Run(t.Context(), c))
			require.Len(t, linesOf(t, dir), c.Seeds())
			dirs = append(dirs, dir)
		}
		slices.Reverse(dirs)
		require.Equal(t, want, merged(t, dirs...), "%d shards", of)
	}
}

// A soak that is killed at any instant, here at each of some lines and in the middle of the next, goes on as if nothing had been.
func TestASoakThatWasKilledGoesOnAsIfItHadNotBeen(t *testing.T) {
	whole := unsharded(t)
	want := linesOf(t, whole)
	text, err := os.ReadFile(filepath.Join(whole, linesFile))
	require.NoError(t, err)
	all := strings.SplitAfter(string(text), "\n")
	for _, lines := range []int{0, 1, 2, 17, 33, 100, 151, 299, 300} {
		for _, half := range []bool{false, true} {
			dir := t.TempDir()
			c := aSoak(dir)
			require.NoError(t, c.write(dir))
			kept := strings.Join(all[:lines], "")
			if half {
				kept += all[lines][:len(all[lines])/2]
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, linesFile), []byte(kept), 0o644))
			c.Resume = true
			torn, begun, done := 0, 0, 0
			c.Torn = func(file string) {
				require.Equal(t, filepath.Join(dir, linesFile), file)
				torn++
			}
			c.Begun, c.Done = func(Line) { begun++ }, func(Line) { done++ }
			require.NoError(t, Run(t.Context(), c))
			require.Equal(t, half && len(all[lines]) > 0, torn > 0)
			require.Equal(t, []int{lines, 300 - lines}, []int{begun, done})
			require.Equal(t, want, linesOf(t, dir), "killed after %d lines", lines)
			require.Equal(t, merged(t, whole), merged(t, dir))
		}
	}
}

// stopping is a soak whose context ends while call number n of Run or of Explain goes on. Both then come to nothing.
func stopping(t *testing.T, dir string, n int) (Config, context.Context) {
	ctx, cancel := context.WithCancel(t.Context())
	c := aSoak(dir)
	c.Resume = true
	var mu sync.Mutex
	calls := 0
	end := func() {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls == n {
			cancel()
		}
	}
	c.Run = func(ctx context.Context, seed uint64, s schedule.Schedule) *harness.Result {
		if end(); ctx.Err() != nil {
			return &harness.Result{Outcome: record.NotJudged, Cause: "interrupted", Record: record.Empty()}
		}
		return pretend(ctx, seed, s)
	}
	c.Explain = func(ctx context.Context, seed uint64, s schedule.Schedule, oracle string) Explained {
		if end(); ctx.Err() != nil {
			return Explained{Problem: "interrupted"}
		}
		return explained(ctx, seed, s, oracle)
	}
	return c, ctx
}

// Runs that were interrupted leave no trace, and causes that were being looked for are found later.
func TestASoakThatWasInterruptedAgainAndAgainEndsAsOneThatWasNot(t *testing.T) {
	whole := unsharded(t)
	dir := t.TempDir()
	starts := 0
	for ; starts < 100; starts++ {
		c, ctx := stopping(t, dir, 23+starts)
		require.NoError(t, Run(ctx, c))
		if ctx.Err() == nil {
			break
		}
	}
	require.Greater(t, starts, 5)
	require.Less(t, starts, 100)
	require.Equal(t, linesOf(t, whole), linesOf(t, dir))
	require.Equal(t, merged(t, whole), merged(t, dir))
}

func TestAFailureIsKeptEvenIfItsCauseIsNotFoundInTime(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	c := aSoak(dir)
	c.Explain = func(context.Context, uint64, schedule.Schedule, string) Explained {
		cancel()
		return Explained{Problem: "interrupted"}
	}
	require.NoError(t, Run(ctx, c))
	s, _, err := Merge(dir)
	require.NoError(t, err)
	require.NotZero(t, s.Outcomes.Failed)
	require.Empty(t, s.Failures[0].Kind)
	c = aSoak(dir)
	c.Resume = true
	require.NoError(t, Run(t.Context(), c))
	require.Equal(t, merged(t, unsharded(t)), merged(t, dir))
}
