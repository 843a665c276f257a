package shrink

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

const oracle = "freshness"

// pure makes a Try that runs nothing: the oracle fails if a schedule is bad.
func pure(bad func(schedule.Schedule) bool) Try {
	return func(_ context.Context, s schedule.Schedule) (*harness.Result, error) {
		r := &harness.Result{Outcome: record.Passed, Engine: "virtual", Manager: "naive", Workload: "tidb", Seed: 17, Record: record.Empty()}
		r.Record.ManagerReady = time.Second
		if bad(s) {
			r.Outcome = record.Failed
			r.Verdicts = []record.Verdict{{Oracle: oracle, Outcome: record.Failed, Evidence: "alpha: too old"}}
		}
		return r, nil
	}
}

// shrinkWith shrinks a schedule as a Shrinker with only a Try does.
func shrinkWith(ctx context.Context, s schedule.Schedule, oracle string, try Try) (Found, error) {
	return Shrinker{Try: try}.Shrink(ctx, s, oracle)
}

func parse(t *testing.T, text string) schedule.Schedule {
	t.Helper()
	s, err := schedule.Parse(text)
	require.NoError(t, err)
	return s
}

// step finds the step with an action.
func step(s schedule.Schedule, action string) (schedule.Step, bool) {
	i := slices.IndexFunc(s.Steps, func(step schedule.Step) bool { return step.Action.String() == action })
	if i < 0 {
		return schedule.Step{}, false
	}
	return s.Steps[i], true
}

const messy = `# a night in May
cluster alpha 5 tls
cluster beta 3 auth
watch alpha/leader
watch beta/m1
5s for 12s SlowDisk(beta/m2, 200ms)
8s for 20s Reset(alpha/follower)
20.3s HangDisk(alpha/m4)
30s MoveLeader(beta/follower)
31s Apply(alpha)
44s Apply(alpha, beta)
50s for 10s Freeze(alpha/m3)
1m10s for 20s Compact(alpha)
until 1m40s
`

func TestWhatIsNotNeededIsLeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		bad  func(schedule.Schedule) bool
		want string
	}{
		"one fault, for long enough": {
			func(s schedule.Schedule) bool {
				for _, step := range s.Steps {
					if strings.HasPrefix(step.Action.String(), "HangDisk(alpha/m") && end(step, s.End())-step.At >= 9300*time.Millisecond {
						return true
					}
				}
				return false
			},
			"cluster alpha 1\nwatch alpha/leader\n0s for 9.5s HangDisk(alpha/m1)\n",
		},
		"two faults, one while the other lasts, with a majority": {
			func(s schedule.Schedule) bool {
				hang, hangs := step(s, "HangDisk(alpha/m1)")
				freeze, freezes := step(s, "Freeze(alpha/m3)")
				return hangs && freezes && s.Clusters[0].Members >= 3 && hang.At < freeze.At && freeze.At < end(hang, s.End())
			},
			"cluster alpha 3\nwatch alpha/leader\n0s for 100ms HangDisk(alpha/m1)\n50ms for 100ms Freeze(alpha/m3)\n",
		},
		"what cannot be healed": {
			func(s schedule.Schedule) bool {
				_, compacted := step(s, "Compact(alpha)")
				return compacted && s.Clusters[0].TLS
			},
			"cluster alpha 1 tls\nwatch alpha/leader\n0s Compact(alpha)\n",
		},
		"a cluster that is taken away and given back": {
			func(s schedule.Schedule) bool {
				away, taken := step(s, "Apply(alpha)")
				back, given := step(s, "Apply(alpha, beta)")
				return taken && given && back.At-away.At >= 2*time.Second
			},
			"cluster alpha 1\ncluster beta 1\nwatch alpha/leader\n0s Apply(alpha)\n2s Apply(alpha, beta)\n",
		},
		"how long it runs": {
			func(s schedule.Schedule) bool { return s.End() >= 35*time.Second },
			"cluster alpha 1\nwatch alpha/leader\nuntil 35s\n",
		},
		"nothing": {func(schedule.Schedule) bool { return true }, "cluster alpha 1\nwatch alpha/leader\nuntil 1s\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := parse(t, messy)
			if name == "two faults, one while the other lasts, with a majority" {
				s = parse(t, strings.ReplaceAll(messy, "alpha/m4", "alpha/m1"))
			}
			found, err := shrinkWith(t.Context(), s, oracle, pure(c.bad))
			require.NoError(t, err)
			got := found.Schedule
			got.About, got.Run = nil, schedule.Run{}
			require.Equal(t, c.want, got.String())
			require.False(t, found.Limited)
			require.Equal(t, schedule.Run{Manager: "naive", Workload: "tidb", Seed: 17, Fails: oracle}, found.Schedule.Run)
			require.Less(t, found.Tries, 150)
		})
	}
}

// drawn makes a schedule with up to nine steps, of which some are needed, each for a time of its own.
func drawn(r *rand.Rand) (text string, bad func(schedule.Schedule) bool) {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster alpha %d\ncluster beta 3\n", 1+2*r.IntN(3))
	needed := map[string]time.Duration{}
	for i := range 1 + r.IntN(9) {
		action := fmt.Sprintf("DelayClients(%s/leader, %dms)", []string{"alpha", "beta"}[r.IntN(2)], i+1)
		length := time.Duration(1+r.IntN(60000)) * time.Millisecond
		fmt.Fprintf(&b, "%s for %s %s\n", time.Duration(r.IntN(60000))*time.Millisecond, length, action)
		if r.IntN(3) == 0 {
			needed[action] = length * time.Duration(r.IntN(100)) / 100
		}
	}
	if r.IntN(2) == 0 {
		fmt.Fprintf(&b, "until %ds\n", 1+r.IntN(200))
	}
	return b.String(), func(s schedule.Schedule) bool {
		for action, length := range needed {
			if found, there := step(s, action); !there || found.For < length {
				return false
			}
		}
		return true
	}
}

func TestTheResultFailsAndNoStepOfItCanBeLeftOut(t *testing.T) {
	for seed := range uint64(300) {
		text, bad := drawn(rand.New(rand.NewPCG(seed, 0)))
		s := parse(t, text)
		found, err := shrinkWith(t.Context(), s, oracle, pure(bad))
		require.NoError(t, err)
		require.True(t, bad(found.Schedule), text)
		require.False(t, found.Limited, text)
		require.LessOrEqual(t, found.Schedule.End(), max(s.End(), time.Second))
		for i := range found.Schedule.Steps {
			require.False(t, bad(without(found.Schedule, i, i+1)), "%s\n%s", text, found.Schedule)
		}
		again, err := schedule.Parse(found.Schedule.String())
		require.NoError(t, err)
		require.Equal(t, found.Schedule.String(), again.String())
	}
}

func TestTheResultDoesNotDependOnHowManyRunsGoOnAtOnce(t *testing.T) {
	for seed := range uint64(50) {
		text, bad := drawn(rand.New(rand.NewPCG(seed, 0)))
		var results []string
		for _, atOnce := range []int{0, 2, 5} {
			var now, most atomic.Int64
			try := func(ctx context.Context, s schedule.Schedule) (*harness.Result, error) {
				n := now.Add(1)
				defer now.Add(-1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				return pure(bad)(ctx, s)
			}
			found, err := Shrinker{Try: try, AtOnce: atOnce}.Shrink(t.Context(), parse(t, text), "")
			require.NoError(t, err)
			require.LessOrEqual(t, most.Load(), int64(max(1, atOnce)))
			results = append(results, fmt.Sprint(found.Schedule, found.Tries, found.Cause))
		}
		require.Equal(t, results[0], results[1])
		require.Equal(t, results[0], results[2])
	}
}

func TestNoScheduleIsRunTwiceAndTheLimitIsKept(t *testing.T) {
	ran := map[string]int{}
	bad := func(s schedule.Schedule) bool { _, hangs := step(s, "HangDisk(alpha/m4)"); return hangs }
	try := func(ctx context.Context, s schedule.Schedule) (*harness.Result, error) {
		require.NoError(t, s.Check())
		ran[s.String()]++
		return pure(bad)(ctx, s)
	}
	s := parse(t, messy)
	s.About = nil
	_, err := shrinkWith(t.Context(), s, oracle, try)
	require.NoError(t, err)
	for text, n := range ran {
		require.Equal(t, 1, n, text)
	}
	found, err := Shrinker{Try: pure(bad), Limit: 5}.Shrink(t.Context(), parse(t, messy), oracle)
	require.NoError(t, err)
	require.True(t, found.Limited)
	require.True(t, bad(found.Schedule))
	require.Less(t, found.Tries, 5+40, "the search for the cause is not limited")
	require.NotEmpty(t, found.Cause.Text)
}

func TestWhatDoesNotFailIsNotShrunk(t *testing.T) {
	s := parse(t, messy)
	always, never := pure(func(schedule.Schedule) bool { return true }), pure(func(schedule.Schedule) bool { return false })
	_, err := shrinkWith(t.Context(), s, "leaks", always)
	var passes *DoesNotFailError
	require.ErrorAs(t, err, &passes)
	require.EqualError(t, err, "the schedule does not fail leaks; it fails freshness")
	_, err = shrinkWith(t.Context(), s, "leaks", never)
	require.EqualError(t, err, "the schedule does not fail leaks, nor anything else: there is nothing to shrink")
	_, err = shrinkWith(t.Context(), s, "", never)
	require.EqualError(t, err, "the schedule does not fail: there is nothing to shrink")
	_, err = shrinkWith(t.Context(), s, "", func(context.Context, schedule.Schedule) (*harness.Result, error) { return nil, errors.New("no disk") })
	require.EqualError(t, err, "run the schedule that is to be shrunk: no disk")
	_, err = shrinkWith(t.Context(), s, "", func(context.Context, schedule.Schedule) (*harness.Result, error) {
		return harness.NotJudged(harness.Result{}, errors.New("no disk")), nil
	})
	require.EqualError(t, err, "run the schedule that is to be shrunk: not judged: no disk")
}

func TestARunThatCouldNotBeMadeDoesNotCountAsFailing(t *testing.T) {
	bad := pure(func(schedule.Schedule) bool { return true })
	found, err := shrinkWith(t.Context(), parse(t, messy), oracle, func(ctx context.Context, s schedule.Schedule) (*harness.Result, error) {
		r, err := bad(ctx, s)
		switch {
		case len(s.Steps) == 0:
			return nil, errors.New("no disk")
		case len(s.Clusters) == 1:
			r.Outcome = record.NotJudged // although a verdict failed
		}
		return r, err
	})
	require.NoError(t, err)
	require.Len(t, found.Schedule.Steps, 1)
	require.Len(t, found.Schedule.Clusters, 2)
}

func TestWhatFailsByChanceIsNotKept(t *testing.T) {
	ran := map[string]int{}
	luck := pure(func(s schedule.Schedule) bool {
		_, hangs := step(s, "HangDisk(alpha/m4)")
		ran[s.String()]++
		return hangs || ran[s.String()] == 1 // the others fail only the first time
	})
	found, err := Shrinker{Try: luck, Confirm: 1}.Shrink(t.Context(), parse(t, messy), oracle)
	require.NoError(t, err)
	_, hangs := step(found.Schedule, "HangDisk(alpha/m4)")
	require.True(t, hangs)
}

func TestAnInterruptedShrinkingReturnsWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	bad := func(s schedule.Schedule) bool { _, hangs := step(s, "HangDisk(alpha/m4)"); return hangs }
	tell := func(p Progress) {
		if len(p.Best.Steps) == 1 {
			cancel()
		}
	}
	found, err := Shrinker{Try: pure(bad), Progress: tell}.Shrink(ctx, parse(t, messy), oracle)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, found.Schedule.Steps, 1)
	require.True(t, bad(found.Schedule))
	require.Empty(t, found.Cause)
	found, err = shrinkWith(ctx, parse(t, messy), oracle, pure(bad))
	require.ErrorIs(t, err, context.Canceled)
	require.Nil(t, found.Result)
}
