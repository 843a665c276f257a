package scenarios_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/fakes/flawed"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// caught has the scenarios that each flawed manager must fail, with the oracle that names its mistake. It passes all others, except those in
// lucky.
var caught = map[string]map[string]string{
	"naive": {
		"leader-isolated": "freshness", "hung-leader-disk": "freshness", "member-frozen": "freshness", "client-blackholed": "freshness",
		"progress-answered-events-withheld": "freshness",
	},
	// It never requests progress, so it reports a watch without events as idle.
	"no-progress": {"progress-dropped": "idle timeout", "progress-answered-events-withheld": "freshness"},
	// Its idle timeout does not notice a member that goes on answering. And it takes a progress response as proof that it has all events.
	"guarded":       {"hung-leader-disk": "freshness", "progress-answered-events-withheld": "nothing lost"},
	"topology-only": {"hung-leader-disk": "freshness", "progress-answered-events-withheld": "nothing lost"},
	// Its idle timeout is so long that its view is too stale before.
	"br": {"hung-leader-disk": "freshness", "progress-answered-events-withheld": "freshness"},
	// Its client tries the bad member again and again.
	"poller": {"leader-isolated": "freshness", "hung-leader-disk": "freshness"},
}

// lucky has the scenarios in which chance decides whether a flawed manager is fresh in time: when it has left a member, gRPC chooses the next
// one, which may be the same again.
var lucky = map[string][]string{
	"no-progress":   {"leader-isolated", "hung-leader-disk", "member-frozen", "client-blackholed"},
	"guarded":       {"leader-isolated", "member-frozen", "client-blackholed"},
	"topology-only": {"leader-isolated", "member-frozen", "client-blackholed"},
	"br":            {"leader-isolated", "member-frozen", "client-blackholed"},
	"poller":        {"member-frozen", "client-blackholed"},
}

func TestFlawedManagersAreCaught(t *testing.T) {
	runs(t, flawed.All(), func(t *testing.T, s harness.Scenario, c harness.Candidate, o harness.Options) {
		if slices.Contains(lucky[c.Name], s.Name) {
			return // neither outcome can be required
		}
		if caught[c.Name][s.Name] == "" && o.Workload != c.Workloads[0].Name {
			return // it is enough to show with its first workload that it passes
		}
		requireCaught(t, harness.Execute(t.Context(), virtual.New(t, o.Seed), s, c, o))
	})
}

// requireCaught checks that a manager failed a scenario in caught by the oracle that names its mistake, and passed any other scenario.
func requireCaught(t *testing.T, r *harness.Result) {
	t.Helper()
	requireJudged(t, r)
	oracle := caught[r.Manager][r.Scenario]
	if oracle == "" {
		require.Equal(t, record.Passed, r.Outcome, r.String())
		return
	}
	require.Contains(t, failedOracles(r), oracle, r.String())
}

// A cheater is caught in every scenario, and only by the oracles that name its mistake.
func TestCheatersAreCaught(t *testing.T) {
	mistakes := map[string][]string{
		"blink":           {"nothing lost"},
		"absent":          {"nothing lost"},
		"clairvoyant":     {"nothing lost"},
		"clock":           {"nothing lost"},
		"slow-view":       {"honesty"},
		"stuck-view":      {"honesty"},
		"panicking-view":  {"honesty"},
		"panicking-close": {"honesty"},
		"nil":             {"start"},
		"unregistered":    {"own keys"},
		"flapper":         {"freshness", "isolation"},
		"leaky":           {"leaks"},
		// It is a poller, so it also polls the bad member again and again; and it never says that anything is wrong.
		"withdrawing": {"freshness", "nothing lost", "honesty"},
	}
	story := map[string]string{"withdrawing": "hung-leader-disk"}
	for _, c := range flawed.Cheaters() {
		for _, workload := range c.Workloads {
			t.Run(c.Name+"/"+workload.Name, func(t *testing.T) {
				require.NotEmpty(t, mistakes[c.Name])
				name := story[c.Name]
				if name == "" {
					name = "leader-killed"
				}
				i := slices.IndexFunc(scenarios.All(), func(s harness.Scenario) bool { return s.Name == name })
				r := harness.Execute(t.Context(), virtual.New(t, 1), scenarios.All()[i], c, harness.Options{Seed: 1, Workload: workload.Name})
				requireJudged(t, r)
				require.Equal(t, mistakes[c.Name], failedOracles(r), r.String())
			})
		}
	}
}
