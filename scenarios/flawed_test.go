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

// caught are the scenarios that each flawed manager fails, and the oracle that names its mistake there: who tests the tests. A scenario that is
// not named it passes, unless luck decides.
var caught = map[string]map[string]string{
	"naive": {
		"leader-isolated": "freshness", "hung-leader-disk": "freshness", "member-frozen": "freshness", "client-blackholed": "freshness",
		"progress-answered-events-withheld": "freshness",
	},
	// Silence is death to it, so that it calls a quiet watch idle too.
	"no-progress": {"progress-dropped": "idle timeout", "progress-answered-events-withheld": "freshness"},
	// An idle timeout is of no use where a member goes on answering. And it takes a progress answer for a promise that nothing is missing.
	"guarded":       {"hung-leader-disk": "freshness", "progress-answered-events-withheld": "nothing lost"},
	"topology-only": {"hung-leader-disk": "freshness", "progress-answered-events-withheld": "nothing lost"},
	// It asks for progress so rarely that it is found stale before.
	"br": {"hung-leader-disk": "freshness", "progress-answered-events-withheld": "freshness"},
	// It meets the bad member again and again.
	"poller": {"leader-isolated": "freshness", "hung-leader-disk": "freshness"},
}

// lucky are the scenarios in which luck decides whether a flawed manager is fresh in time: whoever has given a member up goes to whichever member
// gRPC draws next, and that may be the same one.
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
			return // nothing could be required
		}
		if caught[c.Name][s.Name] == "" && o.Workload != c.Workloads[0].Name {
			return // that it passes is shown with its usual workload
		}
		requireCaught(t, harness.Execute(t.Context(), virtual.New(t, o.Seed), s, c, o))
	})
}

// requireCaught checks that a manager failed a scenario that is to catch it by the oracle that names its mistake, and passed any other.
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

// Whatever happens to the clusters, a cheater is caught, and by nothing but its mistake.
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
		// It is a poller, and polls the bad member again and again.
		"withdrawing": {"freshness", "nothing lost"},
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
