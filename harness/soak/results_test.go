package soak

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

func TestADirectoryWithSomethingInItIsNotWrittenTo(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "precious")
	require.NoError(t, os.WriteFile(precious, nil, 0o600))
	err := Run(t.Context(), aSoak(dir))
	require.EqualError(t, err, dir+" is not empty: use --resume to go on with the soak in it, or name another directory with --out")
	c := aSoak(dir)
	c.Resume = true
	require.EqualError(t, Run(t.Context(), c), dir+" has no soak.json: it is not the directory of a soak")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestASoakIsMadeWhereNothingIs(t *testing.T) {
	for _, resume := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "new", "deep")
		c := aSoak(dir)
		c.Last, c.Resume = 5, resume
		require.NoError(t, Run(t.Context(), c))
		require.Len(t, linesOf(t, dir), 5)
		c.Resume = true
		c.Run = nil
		require.NoError(t, Run(t.Context(), c), "all is done")
	}
}

func TestParametersThatDifferFromTheFirstStartAreNamed(t *testing.T) {
	dir := t.TempDir()
	c := aSoak(dir)
	c.Last, c.For = 5, Length(8*time.Hour)
	require.NoError(t, Run(t.Context(), c))
	c.Resume = true
	c.Last, c.For, c.Manager, c.Shard, c.Blind, c.Workload, c.Engine = 6, Length(90*time.Minute), "other", Shard{1, 2}, true, "tidb", "embedded"
	require.EqualError(t, Run(t.Context(), c), "the soak in "+dir+" began with other parameters: seeds: 1-5 there, 1-6 here; for: 8h0m0s there, 1h30m0s here; "+
		"engine: virtual there, embedded here; manager: mine there, other here; workload: drawn there, tidb here; shard: 0/1 there, 1/2 here; "+
		"blind: false there, true here")
	_, _, err := Merge(dir, dir)
	require.NoError(t, err)
	other := aSoak(t.TempDir())
	other.Last, other.Manager = 5, "other"
	require.NoError(t, Run(t.Context(), other))
	_, _, err = Merge(dir, other.Dir)
	require.EqualError(t, err, dir+" and "+other.Dir+" are not of the same soak: for: 8h0m0s there, the last seed here; manager: mine there, other here")
}

func TestOneSoakAtATimeWritesToADirectory(t *testing.T) {
	dir := t.TempDir()
	c := aSoak(dir)
	c.Last = 20
	c.Run = func(ctx context.Context, seed uint64, s schedule.Schedule) *harness.Result {
		other := aSoak(dir)
		other.Last, other.Resume = 20, true
		if err := Run(ctx, other); err == nil || err.Error() != "another soak is writing to "+dir {
			panic(err)
		}
		return pretend(ctx, seed, s)
	}
	require.NoError(t, Run(t.Context(), c))
}

// broken runs a soak, changes its results by hand, and returns the errors of those who read them.
func broken(t *testing.T, change func(lines []string) []string) (file string, resuming, merging error) {
	dir := t.TempDir()
	c := aSoak(dir)
	c.Last, c.Workers = 40, 1
	require.NoError(t, Run(t.Context(), c))
	file = filepath.Join(dir, linesFile)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(change(strings.SplitAfter(string(text), "\n")), "")), 0o644))
	c.Resume = true
	resuming = Run(t.Context(), c)
	_, _, merging = Merge(dir)
	return file, resuming, merging
}

func TestABrokenLineIsAnErrorThatNamesIt(t *testing.T) {
	for name, c := range map[string]struct {
		change func([]string) []string
		want   string
		merges bool
	}{
		"no JSON":           {func(l []string) []string { l[6] = l[6][:20] + "\n"; return l }, "line 7: unexpected end of JSON input", false},
		"an empty line":     {func(l []string) []string { l[2] = "\n"; return l }, "line 3: unexpected end of JSON input", false},
		"another version":   {func(l []string) []string { l[0] = `{"version":9}` + "\n"; return l }, "line 1: it has version 9, and this program reads 1", false},
		"a line is missing": {func(l []string) []string { return append(l[:3:3], l[4:]...) }, "line 19: seed 3 of island 3 is missing: the next is seed 19", true},
		"another draw":      {func(l []string) []string { l[4] = strings.Replace(l[4], "until 1m", "until 2m", 1); return l }, "line 5: seed 4 has a schedule that this program does not draw", true},
		"an island of another": {
			func(l []string) []string { l[4] = strings.Replace(l[4], `"island":4`, `"island":55`, 1); return l },
			"line 5: the run of seed 4 belongs to island 55, which is not in shard 0/1", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			file, resuming, merging := broken(t, c.change)
			require.ErrorContains(t, resuming, file+": "+c.want)
			var of *FileError
			require.ErrorAs(t, resuming, &of)
			if c.merges {
				require.NoError(t, merging, "merge does not draw")
				return
			}
			require.ErrorContains(t, merging, file+": "+c.want)
			require.ErrorAs(t, merging, &of)
		})
	}
}

func TestParametersThatAreBrokenAreAnError(t *testing.T) {
	dir := t.TempDir()
	c := aSoak(dir)
	c.Last, c.Resume = 5, true
	require.NoError(t, Run(t.Context(), c))
	file := filepath.Join(dir, paramsFile)
	for text, want := range map[string]string{
		"":                               "unexpected end of JSON input",
		`{"version":2}`:                  "it has version 2, and this program reads 1",
		`{"version":1,"shard":"4/4"}`:    `shard "4/4": want a number from 0 on`,
		`{"version":1,"for":"a minute"}`: "invalid duration",
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		var of *FileError
		require.ErrorAs(t, Run(t.Context(), c), &of)
		require.ErrorContains(t, of, file+": ")
		require.ErrorContains(t, of, want)
		_, _, err := Merge(dir)
		require.ErrorContains(t, err, want)
	}
	_, _, err := Merge(t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestAShardIsReadAsItIsPrinted(t *testing.T) {
	for _, text := range []string{"0/1", "3/4", "15/16"} {
		var s Shard
		require.NoError(t, s.UnmarshalText([]byte(text)))
		require.Equal(t, text, s.String())
	}
	for _, text := range []string{"", "1", "1/", "/2", "2/2", "-1/2", "0/0", "0/17", "a/b", "0/4/2"} {
		require.Error(t, new(Shard).UnmarshalText([]byte(text)), text)
	}
}

func TestTheShardsHaveAllSeedsOfARange(t *testing.T) {
	for _, p := range []Params{{First: 0, Last: 0}, {First: 1, Last: 300}, {First: 7, Last: 9}, {First: 1<<64 - 40, Last: 1<<64 - 1}} {
		total := 0
		for i := range 5 {
			p.Shard = Shard{i, 5}
			total += p.Seeds()
		}
		require.EqualValues(t, p.Last-p.First+1, total)
	}
}

// A soak for a time begins no run after it, completes those that have begun, and counts the time of all its starts.
func TestASoakForATimeEndsWithIt(t *testing.T) {
	dir := t.TempDir()
	for start, want := range []int{8, 10, 10} {
		synctest.Test(t, func(t *testing.T) {
			c := aSoak(dir)
			c.Last, c.For, c.Workers, c.Resume = 1000, Length(10*time.Second), 2, true
			// Each run takes 2 s. The first start is interrupted after 9 s, and two runs with it. What they took does not count.
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if start == 0 {
				defer time.AfterFunc(9*time.Second, cancel).Stop()
			}
			c.Run = func(ctx context.Context, seed uint64, s schedule.Schedule) *harness.Result {
				select {
				case <-time.After(2 * time.Second):
					return pretend(ctx, seed, s)
				case <-ctx.Done():
					return &harness.Result{Outcome: record.NotJudged, Cause: "interrupted"}
				}
			}
			require.NoError(t, Run(ctx, c))
			require.Len(t, linesOf(t, dir), want)
		})
	}
	s, notes, err := Merge(dir)
	require.NoError(t, err)
	require.Empty(t, notes, "nobody knows how many seeds there should be")
	require.Equal(t, 10_000.0, s.Speed.Elapsed)
	require.Equal(t, 1.0, s.Speed.PerSecond)
}

func TestASoakGivesUpIfRunAfterRunCannotBeJudged(t *testing.T) {
	dir := t.TempDir()
	c := aSoak(dir)
	c.Last, c.Workers = 3000, 1
	c.Run = func(ctx context.Context, seed uint64, s schedule.Schedule) *harness.Result {
		if seed <= 50 || ctx.Err() != nil {
			return pretend(ctx, seed, s)
		}
		return &harness.Result{Outcome: record.NotJudged, Cause: "no space left on device"}
	}
	err := Run(t.Context(), c)
	require.ErrorIs(t, err, ErrHopeless)
	require.ErrorContains(t, err, "no space left on device")
	require.LessOrEqual(t, len(linesOf(t, dir)), 150)
}
