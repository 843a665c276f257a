package scenarios_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/fakes/flawed"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// proofs has, for each flawed manager, a scenario that catches it by the oracle that the manager names in Caught. Together they contain every
// scenario and every oracle. The command matrix runs the other pairs too.
var proofs = map[string]string{
	"naive":                 "hung-leader-disk",
	"no-progress":           "progress-dropped",
	"guarded":               "hung-leader-disk",
	"br":                    "hung-leader-disk",
	"topology-only":         "hung-leader-disk",
	"poller":                "hung-leader-disk",
	"no-require-leader":     "leader-isolated",
	"progress-elsewhere":    "progress-dropped",
	"no-idle-timeout":       "progress-dropped",
	"idle-early":            "progress-dropped",
	"resume-past-end":       "reset-while-quiet",
	"no-keepalive":          "member-frozen",
	"probe-same-member":     "hung-leader-disk",
	"no-grace":              "late-answers",
	"no-quarantine":         "progress-answered-events-withheld",
	"quarantine-for-ever":   "hung-then-moved-to-another-hung",
	"unbounded-backoff":     "registration-lease-lost",
	"resume-from-zero":      "leader-killed",
	"resume-from-now":       "hung-leader-disk",
	"serializable-reads":    "leader-isolated",
	"revision-back":         "client-blackholed",
	"drops-deletes":         "leader-moved",
	"last-event-only":       "slow-leader-disk",
	"half-read":             "leader-moved",
	"one-client":            "leader-killed",
	"one-lock":              "hung-leader-disk",
	"waits-for-slowest":     "hung-leader-disk",
	"stop-the-world-reload": "cluster-added-unreachable",
	"keeps-handle":          "cluster-removed-under-load",
	"nil-primary":           "leader-moved",
	"leaks-runtime":         "cluster-removed-under-load",
	"keeps-lost-lease":      "registration-lease-lost",
	"ignores-compaction":    "compacted-while-away",
	"recreate-loop":         "leader-killed",
	"retry-storm":           "leader-killed",
	"pinger":                "leader-moved",
	"forgotten-watch":       "leader-moved",
	"eventwise":             "leader-moved",
	"always-well":           "cluster-blackholed",
	"never-well":            "leader-moved",
	"dead-connection":       "client-blackholed",
	"deletes-prefix":        "leader-moved",
}

// usualOnly are the flawed managers whose mistake the other workload hides, and why.
var usualOnly = map[string]string{
	"resume-past-end": "the servers of tidb refresh their leases, which writes, also while the load rests",
	"one-client":      "with services a cluster's values differ from the other's from the start, so no run gets as far as a fault",
	"resume-from-now": "of tidb's facts only one comes and goes, so the next event repairs what was lost",
}

// Without exception: a flawed manager that passes everything would say that the scenarios or the oracles are worth nothing.
func TestEveryFlawedManagerIsCaughtByTheOracleThatNamesItsMistake(t *testing.T) {
	for _, c := range flawed.All() {
		for i, workload := range c.Workloads {
			if i > 0 && usualOnly[c.Name] != "" {
				continue
			}
			t.Run(c.Name+"/"+workload.Name, func(t *testing.T) {
				r := harness.Execute(t.Context(), virtual.New(t, 1), named(t, proofs[c.Name]), c, harness.Options{Seed: 1, Workload: workload.Name})
				requireJudged(t, r)
				require.Contains(t, failedOracles(r), c.Caught, r.String())
			})
		}
	}
}

// unproving are the oracles that catch no manager of proofs, and why.
var unproving = map[string]string{
	oracle.Load{}.Name():     "it judges the run and not the manager",
	oracle.Promises{}.Name(): "it judges etcd and the links and not the manager",
}

func TestEveryScenarioAndEveryOracleCatchesAFlawedManager(t *testing.T) {
	caughtBy, caughtIn := map[string]bool{}, map[string]bool{}
	for _, c := range flawed.All() {
		require.NotEmpty(t, c.Caught, c.Name)
		require.NotEmpty(t, proofs[c.Name], c.Name)
		caughtBy[c.Caught], caughtIn[proofs[c.Name]] = true, true
	}
	for _, o := range oracle.All() {
		require.NotEqual(t, caughtBy[o.Name()], unproving[o.Name()] != "", "the oracle %s", o.Name())
	}
	for _, s := range scenarios.All() {
		require.True(t, caughtIn[s.Name], "%s catches no flawed manager", s.Name)
	}
}

// A manager without a mistake passes, so the flawed managers that differ from it in one trait fail because of that trait.
func TestTheSoundManagerPassesEveryScenario(t *testing.T) {
	runs(t, []harness.Candidate{flawed.Sound()}, func(t *testing.T, s harness.Scenario, c harness.Candidate, o harness.Options) {
		harness.Run(t, virtual.New(t, o.Seed), s, c, o)
	})
}

// named finds a scenario of the catalogue.
func named(t *testing.T, name string) harness.Scenario {
	t.Helper()
	i := slices.IndexFunc(scenarios.All(), func(s harness.Scenario) bool { return s.Name == name })
	require.GreaterOrEqual(t, i, 0, "no scenario is called %s", name)
	return scenarios.All()[i]
}

// caught has the scenarios that some flawed managers fail in real time too, with the oracle that names their mistake. They pass the others.
var caught = map[string]map[string]string{
	"naive": {
		"leader-isolated": "freshness", "hung-leader-disk": "freshness", "member-frozen": "freshness", "client-blackholed": "freshness",
		"progress-answered-events-withheld": "freshness", "hung-then-moved-to-another-hung": "freshness",
		"cluster-blackholed": "gentleness",
	},
	"no-progress": {"progress-dropped": "idle timeout"},
	"guarded":     {"hung-leader-disk": "freshness"},
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
				r := harness.Execute(t.Context(), virtual.New(t, 1), named(t, name), c, harness.Options{Seed: 1, Workload: workload.Name})
				requireJudged(t, r)
				require.Equal(t, mistakes[c.Name], failedOracles(r), r.String())
			})
		}
	}
}
