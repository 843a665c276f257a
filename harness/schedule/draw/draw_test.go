package draw

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// both are two workloads, as a soak names them.
var both = Space{Workloads: []string{"tidb", "services"}}

// guided draws schedules with a guide that finds every third one new, so that most are mutations of mutations.
func guided(n uint64) []schedule.Schedule {
	g := NewGuide(both, false)
	var all []schedule.Schedule
	for seed := uint64(1); seed <= n; seed++ {
		s := g.Next(seed)
		g.Learn(s, []string{strconv.FormatUint(seed/3, 10)})
		all = append(all, s)
	}
	return all
}

func drawn(n uint64) []schedule.Schedule {
	var all []schedule.Schedule
	for seed := uint64(1); seed <= n; seed++ {
		all = append(all, Schedule(seed, both))
	}
	return all
}

func TestTheTableHasEveryKindOfFault(t *testing.T) {
	var names []string
	for _, k := range kinds() {
		require.Positive(t, k.weight, k.name)
		names = append(names, k.name)
	}
	var all []string
	for _, d := range fault.All() {
		all = append(all, d.Name)
	}
	require.Equal(t, all, names)
}

func TestEveryKindOfFaultAndActionIsDrawn(t *testing.T) {
	seen := map[string]int{}
	for _, s := range drawn(2000) {
		for _, step := range s.Steps {
			switch a := step.Action.(type) {
			case schedule.Inject:
				seen[a.Fault.Name()]++
			case schedule.Apply:
				seen["Apply"]++
			case schedule.Rest:
				seen["Rest"]++
			case schedule.Rival:
				seen["Rival"]++
			case schedule.Close:
				seen["Close"]++
			}
		}
	}
	names := []string{"Apply", "Rest", "Rival", "Close"}
	for _, d := range fault.All() {
		names = append(names, d.Name)
	}
	for _, name := range names {
		require.Greater(t, seen[name], 10, "%s is hardly ever drawn", name)
	}
}

func TestTheSameSeedDrawsTheSameSchedule(t *testing.T) {
	require.Equal(t, drawn(50), drawn(50))
	require.NotEqual(t, Schedule(1, both), Schedule(2, both))
	a, b := Schedule(1, both), Schedule(2, both)
	require.Equal(t, mutate(3, both, a, b), mutate(3, both, a, b))
	require.Equal(t, Schedule(1, both), a, "a mutation leaves its parent alone")
	require.Equal(t, Schedule(2, both), b)
}

func TestWhatIsDrawnIsReadAsItIsPrinted(t *testing.T) {
	for _, s := range append(drawn(400), guided(400)...) {
		again, err := schedule.Parse(s.String())
		require.NoError(t, err, s.String())
		require.Equal(t, s, again, s.String())
	}
}

// Calm, storm, heal: the first step comes when the manager is attached, each step has an end, and a calm end follows.
func TestAScheduleIsCalmThenAStormThenHealed(t *testing.T) {
	timing := bound.Production()
	var sum time.Duration
	all := append(drawn(400), guided(400)...)
	for _, s := range all {
		require.NotEmpty(t, s.Steps)
		require.NotEmpty(t, s.Watch)
		require.GreaterOrEqual(t, s.Steps[0].At, 5*timing.Election)
		for _, step := range s.Steps {
			require.LessOrEqual(t, step.At+step.For+5*timing.Election, s.Until, s.String())
			inject, fault := step.Action.(schedule.Inject)
			if _, rests := step.Action.(schedule.Rest); rests || fault && !find(inject.Fault.Name()).has(once) {
				require.Positive(t, step.For, "%s does not end", step)
			}
		}
		whole := s.Until + timing.Stay
		require.LessOrEqual(t, whole, 10*time.Minute+timing.LeaseTTL, s.String())
		sum += whole
	}
	mean := sum / time.Duration(len(all))
	require.Greater(t, mean, 100*time.Second)
	require.Less(t, mean, 300*time.Second)
}

func TestMostSchedulesKeepTheirQuorumAndSomeLoseIt(t *testing.T) {
	for _, all := range [][]schedule.Schedule{drawn(400), guided(400)} {
		keep := 0
		for _, s := range all {
			keeps := keepsQuorum(s)
			require.Equal(t, keeps, s.About[0] == "Drawn. Each cluster keeps its quorum.")
			if keeps {
				keep++
			}
		}
		require.Greater(t, keep, len(all)/2)
		require.Less(t, keep, len(all)*9/10)
	}
}

func TestTheQuorumIsComputedOverFaultsThatOverlap(t *testing.T) {
	for text, keeps := range map[string]bool{
		"Kill(alpha/m1) for 9s":                                                                  true,
		"Kill(alpha/m1) for 9s; 6s for 9s Kill(alpha/m2)":                                        false,
		"Kill(alpha/m1) for 9s; 14s for 9s Kill(alpha/m2)":                                       true, // the first one is back
		"Kill(alpha/m1) for 9s; 6s for 9s Kill(beta/m2)":                                         true, // of another cluster
		"HangDisk(alpha/m1) for 9s; 6s for 9s Isolate(alpha/m1)":                                 true, // the same member
		"HangDisk(alpha/m1) for 9s; 6s for 9s Isolate(alpha/leader)":                             false,
		"HangDisk(alpha/leader) for 9s; 6s for 9s Blackhole(alpha/m2)":                           true, // only clients notice
		"cluster alpha 5; HangDisk(alpha/m1) for 9s; 6s for 9s Freeze(alpha/leader)":             true,
		"cluster alpha 1; HangDisk(alpha/m1) for 9s":                                             false,
		"SlowDisk(alpha/m1, 300ms) for 9s; 6s for 9s Kill(alpha/m2)":                             true,
		"SlowDisk(alpha/m1, 3s) for 9s; 6s for 9s Kill(alpha/m2)":                                false,
		"Partition([alpha/m1], [alpha/m2 alpha/m3]) for 9s":                                      true,
		"Partition([alpha/m1], [alpha/m2 alpha/m3]) for 9s; 6s for 2s FailDisk(alpha/m3)":        false,
		"Partition([alpha/m1 alpha/m2], [alpha/m3]) for 9s; 6s for 2s HangApply(alpha/m3)":       true,
		"LoseQuorum(alpha) for 9s":                                                               false,
		"Backup(alpha); 9s Restore(alpha)":                                                       false,
		"RemoveMember(alpha/m1); 30s for 2s Kill(alpha/m2)":                                      false, // one of two
		"AddMember(alpha); 30s for 9s Kill(alpha/m2); 31s for 9s Kill(alpha/m3)":                 false, // two of four
		"Kill(alpha/m1) for 9s; 6s Restart(alpha/m2)":                                            false, // for a moment
		"cluster alpha 3; cluster beta 3; watch alpha/m1; watch beta/m1; Reset(alpha/m1) for 9s": true,
	} {
		s, err := schedule.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, keeps, keepsQuorum(s), text)
	}
}

func TestAStepThatMayNotBePossibleIsForeseen(t *testing.T) {
	for text, unlikely := range map[string][]int{
		"Kill(alpha/m1) for 9s; 6s HangDisk(alpha/m1)":                         {1}, // it is down
		"Kill(alpha/leader) for 9s; 6s HangDisk(alpha/m1)":                     {1}, // it may be down
		"Kill(alpha/leader) for 9s; 6s HangDisk(alpha/leader)":                 nil, // another one leads
		"LoseQuorum(alpha) for 9s; 6s Compact(alpha); 7s Freeze(alpha/leader)": {1, 2},
		"HangDisk(alpha/m1) for 9s; 6s AddMember(alpha)":                       {1}, // etcd waits until all are connected
		"Restore(alpha)": {0}, // there is no backup
		"RemoveMember(alpha/m2); 9s Freeze(alpha/m2); 10s Freeze(alpha/m1)":        {1},
		"RemoveMember(alpha/follower); 9s Freeze(alpha/m1)":                        {1}, // it may be gone
		"Apply(beta); 9s Freeze(alpha/watched); 10s Freeze(beta/watched)":          {1},
		"Close(); 9s Freeze(alpha/watched)":                                        {1},
		"cluster alpha 1; Isolate(alpha/m1); 9s MoveLeader(alpha/follower)":        {0, 1},
		"Rest(alpha); 9s Rival()":                                                  {1}, // nobody would know whether it has started
		"BlackholeManager(alpha, 2); 9s Rival(); 10s BlackholeManager(alpha, 2)":   {0},
		"Alarm(alpha) for 9s; 6s for 9s Alarm(alpha); 20s Alarm(alpha)":            {1},
		"Reset(alpha/m1); Reset(alpha/m2); Reset(alpha/m3); Freeze(alpha/watched)": {3},
	} {
		s, err := schedule.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, unlikely, look(s, bound.Production().Election).unlikely, text)
	}
	for _, s := range append(drawn(300), guided(300)...) {
		require.Empty(t, look(s, bound.Production().Election).unlikely, s.String())
	}
}

func TestASpaceLimitsWhatIsDrawn(t *testing.T) {
	space := Space{Faults: []string{"HangDisk", "ExpireTokens"}, Workloads: []string{"tidb"}}
	for seed := range uint64(200) {
		s := Schedule(seed, space)
		require.Equal(t, "tidb", s.Run.Workload)
		for _, step := range s.Steps {
			if inject, ok := step.Action.(schedule.Inject); ok {
				require.Contains(t, space.Faults, inject.Fault.Name())
			}
		}
	}
	require.Empty(t, Schedule(1, Space{}).Run.Workload)
}

func TestAMutationChangesAFewThings(t *testing.T) {
	same := 0
	for seed := range uint64(300) {
		parent, other := Schedule(seed, both), Schedule(seed+1000, both)
		s := mutate(seed, both, parent, other)
		require.Equal(t, parent.Run, s.Run)
		kept := slices.DeleteFunc(slices.Clone(parent.Steps), func(step schedule.Step) bool {
			return !slices.ContainsFunc(s.Steps, func(o schedule.Step) bool { return o.String() == step.String() })
		})
		if len(kept) == len(parent.Steps) && len(s.Steps) == len(parent.Steps) {
			same++ // only the clusters or the watch
		}
		for _, step := range s.Steps {
			for _, name := range step.Action.Clusters() {
				require.True(t, slices.ContainsFunc(s.Clusters, func(c harness.Spec) bool { return c.Name == name }))
			}
		}
	}
	require.Less(t, same, 60)
}
