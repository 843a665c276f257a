package scenarios_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/fakes/flawed"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

func passInVirtualTime(t *testing.T, s harness.Scenario, c harness.Candidate) {
	t.Helper()
	harness.Run(t, virtual.New(t, 1), s, c, harness.Options{Seed: 1})
}

func passByTheWallClock(t *testing.T, s harness.Scenario, c harness.Candidate) {
	t.Helper()
	skipWallClock(t)
	harness.Run(t, embedded.Engine{}, s, c, harness.Options{Seed: 1})
}

func TestReferenceManagerPassesEveryScenario(t *testing.T) {
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			t.Run("virtual", func(t *testing.T) { passInVirtualTime(t, s, scenarios.Reference()) })
			t.Run("embedded", func(t *testing.T) { passByTheWallClock(t, s, scenarios.Reference()) })
		})
	}
}

func TestHedgedManagerPassesEveryScenario(t *testing.T) {
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			t.Run("virtual", func(t *testing.T) { passInVirtualTime(t, s, scenarios.Hedged()) })
			// By the wall clock a run costs seconds: those in which one of the two streams is hit and the other must go on.
			if s.Name == "hung-leader-disk" || s.Name == "member-frozen" {
				t.Run("embedded", func(t *testing.T) { passByTheWallClock(t, s, scenarios.Hedged()) })
			}
		})
	}
}

// With BR's figures the probe still finds what is stale; only a timing in force that is more impatient than they are tells them apart.
func TestTheReferenceManagerWithBRsFiguresIsLateOnlyWhereNothingIsSaid(t *testing.T) {
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			r := harness.Execute(t.Context(), virtual.New(t, 1), s, scenarios.PresetBR(), harness.Options{Seed: 1})
			require.Equal(t, s.Name != "progress-dropped", r.Passed, r.String())
		})
	}
}

// Every story that failover is measured with is measured: with the reference manager in its bound, and hedged no view grows staler than
// the calm bound, whichever member is hit.
func TestFailoverIsMeasured(t *testing.T) {
	for _, f := range scenarios.Failovers() {
		t.Run(f.Name, func(t *testing.T) {
			run := func(c harness.Candidate) *harness.Result {
				r := harness.Execute(t.Context(), virtual.New(t, 1), f.Scenario, c, harness.Options{Seed: 1})
				require.True(t, r.Passed, r.String())
				require.Positive(t, r.Failover)
				return r
			}
			t.Run("reference", func(t *testing.T) {
				r := run(scenarios.Reference())
				require.LessOrEqual(t, r.Failover, f.Bound(bound.Bounds{Timing: r.Record.Timing}))
			})
			t.Run("hedged", func(t *testing.T) {
				r := run(scenarios.Hedged())
				require.LessOrEqual(t, r.MaxStaleness, bound.Bounds{Timing: r.Record.Timing}.Calm())
			})
		})
	}
	_, err := scenarios.FindFailover("hung-leader")
	require.ErrorContains(t, err, "hung-leader-disk")
}

// skipWallClock leaves a run that takes seconds out of go test -short.
func skipWallClock(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short runs only what is in virtual time")
	}
}

// caught are the scenarios that each flawed manager fails: who tests the tests. A scenario that is not named passes.
var caught = map[string][]string{
	"naive": {
		"leader-isolated", "hung-leader-disk", "member-frozen", "client-blackholed", "progress-dropped",
		"progress-answered-events-withheld",
	},
	// An idle timeout is slower than a probe where a member falls silent, and of no use where one goes on answering.
	"guarded": {"hung-leader-disk", "member-frozen", "client-blackholed", "progress-answered-events-withheld"},
	"br":      {"hung-leader-disk", "member-frozen", "client-blackholed", "progress-dropped", "progress-answered-events-withheld"},
	// Silence is death to it, so that it calls a quiet watch idle too.
	"no-progress": {
		"hung-leader-disk", "member-frozen", "client-blackholed", "progress-dropped", "progress-answered-events-withheld",
	},
}

// lucky says of a flawed manager that it passes or fails a scenario by luck: told that its member has no leader, it takes whichever
// member gRPC draws next, and that may be the same one.
func lucky(manager, scenario string) bool {
	return manager != "naive" && scenario == "leader-isolated"
}

func TestFlawedManagersAreCaught(t *testing.T) {
	for _, c := range flawed.All() {
		for _, s := range scenarios.All() {
			if lucky(c.Name, s.Name) {
				continue
			}
			t.Run(c.Name+"/"+s.Name, func(t *testing.T) {
				requireCaught(t, harness.Execute(t.Context(), virtual.New(t, 1), s, c, harness.Options{Seed: 1}))
			})
		}
	}
}

// By the wall clock a run costs seconds, so that of the managers that share most of their code each is run through what tells them
// apart.
func TestFlawedManagersAreCaughtByTheWallClockToo(t *testing.T) {
	skipWallClock(t)
	runs := map[string][]string{
		"naive":       names(),
		"guarded":     {"hung-leader-disk", "progress-dropped"},
		"no-progress": {"progress-dropped"},
	}
	for _, c := range flawed.All() {
		for _, name := range runs[c.Name] {
			t.Run(c.Name+"/"+name, func(t *testing.T) {
				s, err := scenarios.Find(name)
				require.NoError(t, err)
				requireCaught(t, harness.Execute(t.Context(), embedded.Engine{}, s, c, harness.Options{Seed: 1, Dir: t.TempDir()}))
			})
		}
	}
}

// requireCaught checks that a flawed manager failed a scenario that is to catch it, by a verdict on the manager, and passed one that
// is not.
func requireCaught(t *testing.T, r *harness.Result) {
	t.Helper()
	for _, name := range caught[r.Manager] {
		if name != r.Scenario {
			continue
		}
		require.False(t, r.Passed, "%s was not caught", r.Manager)
		for _, v := range r.Failed() {
			require.NotEqual(t, "scenario", v.Oracle, "the world failed, not the manager: %s", v.Evidence)
			require.NotEmpty(t, v.Evidence)
		}
		return
	}
	require.True(t, r.Passed, r.String())
}

func names() []string {
	var list []string
	for _, s := range scenarios.All() {
		list = append(list, s.Name)
	}
	return list
}

func TestTheCatalogueIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range scenarios.All() {
		require.Regexp(t, regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`), s.Name)
		require.False(t, seen[s.Name], "%s is there twice", s.Name)
		seen[s.Name] = true
		require.NotEmpty(t, s.Summary, s.Name)
		require.NotEmpty(t, s.Incident, s.Name)
		require.GreaterOrEqual(t, len(s.Clusters), 2, "%s: isolation is judged only with two clusters", s.Name)
	}
	for _, list := range caught {
		for _, name := range list {
			require.True(t, seen[name], "%s is not in the catalogue", name)
		}
	}
	managers := map[string]bool{}
	for _, m := range scenarios.Managers() {
		require.False(t, managers[m.Name], "%s is there twice", m.Name)
		managers[m.Name] = true
		require.NotEmpty(t, m.Summary, m.Name)
	}
}

func TestAnUnknownNameIsAnsweredWithTheNearest(t *testing.T) {
	for name, want := range map[string]string{
		"hung-leader":     `no scenario is called "hung-leader"; the nearest: hung-leader-disk`,
		"leader-kiled":    `no scenario is called "leader-kiled"; the nearest: leader-killed`,
		"":                `no scenario is called ""; the nearest: `,
		"progress-droped": `the nearest: progress-dropped`,
	} {
		_, err := scenarios.Find(name)
		require.ErrorContains(t, err, want)
	}
	_, err := scenarios.FindManager("guard")
	require.ErrorContains(t, err, `no manager is called "guard"; the nearest: guarded`)
}
