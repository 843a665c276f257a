package scenarios_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/fakes/flawed"
	owning "github.com/stormwatch/stormwatch/fakes/owners"
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
	"gives-up":              "certificate-expired",
	"keeps-certificates":    "certificate-rotated",
	"keeps-token":           "auth-token-expired",
	"resume-from-zero":      "leader-killed",
	"resume-from-now":       "hung-leader-disk",
	"serializable-reads":    "leader-isolated",
	"revision-back":         "client-blackholed",
	"drops-deletes":         "leader-moved",
	"last-event-only":       "slow-leader-disk",
	"half-read":             "leader-moved",
	"one-client":            "leader-killed",
	"one-lock":              "many-clusters-one-slow",
	"waits-for-slowest":     "hung-leader-disk",
	"withdrawing":           "hung-leader-disk",
	"stop-the-world-reload": "cluster-added-unreachable",
	"keeps-handle":          "cluster-removed-under-load",
	"nil-primary":           "leader-moved",
	"leaks-runtime":         "cluster-removed-under-load",
	"closes-one-by-one":     "close-while-everything-hangs",
	"keeps-lost-lease":      "registration-lease-lost",
	"ignores-compaction":    "compacted-while-away",
	"ignores-restore":       "revision-goes-back",
	"recreate-loop":         "leader-killed",
	"retry-storm":           "leader-killed",
	"pinger":                "leader-moved",
	"forgotten-watch":       "leader-moved",
	"eventwise":             "leader-moved",
	"always-well":           "cluster-blackholed",
	"never-well":            "leader-moved",
	"dead-connection":       "client-blackholed",
	"settles-first":         "leader-moved-repeatedly",
	"three-strikes":         "election-storm",
	"keeps-left-watch":      "hung-leader-disk-heals",
	"impatient":             "slow-apply",
	"judges-by-latency":     "slow-link",
	"pinned":                "endpoint-refuses",
	"progress-only":         "progress-requests-dropped",
	"grants-again":          "answer-lost",
	"registers-at-one":      "keepalive-dropped",
	"rebuilds-reordered":    "same-clusters-reordered",
	"restarts-for-newcomer": "member-added-under-watch",
	"deletes-prefix":        "two-managers-one-closes",

	"concurrency":               "owner-frozen",
	"ignores-session-done":      "owner-blackholed",
	"claims-from-answer":        "owner-frozen",
	"claims-until-told":         "owner-blackholed",
	"claims-without-waiting":    "two-managers-one-closes",
	"keeps-claim-after-session": "owner-blackholed",
	"renews-elsewhere":          "lease-renewed-through-healthy-peer",
}

// spoilt are the managers with a known mistake: those that mirror, and those that own.
func spoilt() []harness.Candidate { return append(flawed.All(), owning.Flawed()...) }

// usualOnly are the flawed managers whose mistake the other workload hides, and why.
var usualOnly = map[string]string{
	"resume-past-end": "the servers of tidb refresh their leases, which writes, also while the load rests",
	"one-client":      "with services a cluster's values differ from the other's from the start, so no run gets as far as a fault",
	"resume-from-now": "of tidb's facts only one comes and goes, so the next event repairs what was lost",
}

// Without exception: a flawed manager that passes everything would say that the scenarios or the oracles are worth nothing.
func TestEveryFlawedManagerIsCaughtByTheOracleThatNamesItsMistake(t *testing.T) {
	for _, c := range spoilt() {
		for i, workload := range c.Workloads {
			if i > 0 && usualOnly[c.Name] != "" {
				continue
			}
			t.Run(c.Name+"/"+workload.Name, func(t *testing.T) {
				r := briefly(t, named(t, proofs[c.Name]), c, workload.Name)
				requireJudged(t, r)
				require.Contains(t, failedOracles(r), c.Caught, r.String())
			})
		}
	}
}

// briefly makes a run as the command matrix does: a brief one, unless the mistake shows only late in this scenario.
func briefly(t *testing.T, s harness.Scenario, c harness.Candidate, workload string) *harness.Result {
	e := virtual.New(t, 1)
	timing := e.Timing()
	if c.Late[s.Name] == "" {
		timing = timing.Brief()
	}
	return harness.Execute(t.Context(), e, s, c, harness.Options{Seed: 1, Workload: workload, Timing: &timing})
}

// unproving are the oracles that catch no manager of proofs, and why.
var unproving = map[string]string{
	oracle.Load{}.Name():     "it judges the run and not the manager",
	oracle.Promises{}.Name(): "it judges etcd and the links and not the manager",
}

// catches has, for each scenario that proofs does not need, a flawed manager that it catches too, and what it alone puts to the test.
var catches = map[string][2]string{
	"leader-restarted":                      {"resume-from-zero", "the member that is lost is back at once"},
	"leader-deaf":                           {"no-quarantine", "the leader steps down by itself, without hearing of another"},
	"leader-unheard":                        {"no-keepalive", "the old leader hears of the new one at once, the opposite of a hung disk"},
	"no-leader":                             {"unbounded-backoff", "the whole cluster is without a leader, for longer than a lease"},
	"rolling-restart":                       {"resume-from-zero", "every member is lost in turn, as in an upgrade"},
	"hung-follower-disk":                    {"no-keepalive", "nobody else notices a follower's disk"},
	"dead-leader-disk":                      {"resume-from-zero", "the disk fails instead of hanging"},
	"hung-apply":                            {"no-keepalive", "raft is up to date and the store is not"},
	"hung-apply-of-the-others":              {"serializable-reads", "everybody who answers is behind the view that the manager has"},
	"defragment-under-watch":                {"resume-from-zero", "an operator does it on purpose"},
	"no-space-alarm":                        {"progress-elsewhere", "nothing can be written, so for as long as it lasts only progress shows that a watch lives"},
	"hung-disk-and-restart-of-the-other":    {"no-keepalive", "two members are lost at once, and the quorum for a moment"},
	"half-open-connection":                  {"no-quarantine", "the member works and only old connections do not"},
	"connection-reset-storm":                {"resume-from-zero", "every connection ends again and again"},
	"two-members-blackholed":                {"no-quarantine", "the next member that a manager tries is dead too"},
	"client-cut-off-with-minority":          {"no-quarantine", "the only member that can be reached is the stale one"},
	"back-one-by-one":                       {"keeps-lost-lease", "the outage is longer than leases, and its end takes long too"},
	"compacted-then-reset":                  {"ignores-compaction", "the history goes while the watch is open, and its connection with it"},
	"watch-create-unanswered":               {"no-quarantine", "everything works but the creation of a watch"},
	"late-events":                           {"no-keepalive", "events come, too late to be of use"},
	"quiet-minutes":                         {"no-progress", "nothing happens at all, so nothing may happen"},
	"quiet-then-frozen":                     {"no-keepalive", "keepalive has had minutes to be forbidden by too_many_pings"},
	"quiet-then-hung":                       {"no-keepalive", "no write has shown for minutes whether the watch lives"},
	"registration-lease-revoked":            {"keeps-lost-lease", "the lease is gone while everything works"},
	"leases-revoked-by-returning-leader":    {"no-quarantine", "the hang is longer than the leases"},
	"owner-on-returning-leader":             {"renews-elsewhere", "the owner's leader comes back, and might revoke the lease of the next owner"},
	"reload-storm":                          {"leaks-runtime", "clusters come and go faster than they can be closed"},
	"cluster-removed-while-hung":            {"leaks-runtime", "what is to be closed does not answer"},
	"endpoints-changed-while-hung":          {"leaks-runtime", "the endpoints change while the watched member is frozen"},
	"endpoints-changed-twice-while-cut-off": {"leaks-runtime", "a reload comes before what the one before has begun has reached anybody"},
	"cluster-moved-while-cut-off":           {"keeps-handle", "none of the endpoints from before the reload is left"},
	"one-cluster-dies-of-many":              {"unbounded-backoff", "five clusters, and one of them dies whole"},
	"both-clusters-hurt":                    {"no-keepalive", "both clusters have a fault at once"},
	"watched-member-removed":                {"pinned", "the watched member does not come back"},
	"member-wiped-and-rejoined":             {"keeps-left-watch", "the member is back with another identity, and catches up from nothing"},
	"advertised-address-unreachable":        {"no-keepalive", "the member list is wrong"},
	"all-members-replaced":                  {"leaks-runtime", "none of the members that the manager was given is left"},
	"auth-turned-on":                        {"keeps-token", "the manager has never needed a token before"},
}

func TestEveryFurtherScenarioCatchesAFlawedManager(t *testing.T) {
	managers := map[string]harness.Candidate{}
	for _, c := range spoilt() {
		managers[c.Name] = c
	}
	for _, s := range scenarios.All() {
		by, ok := catches[s.Name]
		if !ok {
			continue
		}
		t.Run(s.Name+"/"+by[0], func(t *testing.T) {
			c, ok := managers[by[0]]
			require.True(t, ok, "no flawed manager is called %s", by[0])
			r := briefly(t, s, c, "")
			requireJudged(t, r)
			require.Contains(t, failedOracles(r), c.Caught, r.String())
		})
	}
}

func TestEveryScenarioAndEveryOracleCatchesAFlawedManager(t *testing.T) {
	caughtBy, caughtIn := map[string]bool{}, map[string]bool{}
	for _, c := range spoilt() {
		require.NotEmpty(t, c.Caught, c.Name)
		require.NotEmpty(t, proofs[c.Name], c.Name)
		caughtBy[c.Caught], caughtIn[proofs[c.Name]] = true, true
	}
	for _, o := range oracle.All() {
		require.NotEqual(t, caughtBy[o.Name()], unproving[o.Name()] != "", "the oracle %s", o.Name())
	}
	for _, s := range scenarios.All() {
		require.NotEqual(t, caughtIn[s.Name], catches[s.Name] != [2]string{}, "%s catches a manager, here or in proofs", s.Name)
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
	}
	for _, c := range flawed.Cheaters() {
		for _, workload := range c.Workloads {
			t.Run(c.Name+"/"+workload.Name, func(t *testing.T) {
				require.NotEmpty(t, mistakes[c.Name])
				r := harness.Execute(t.Context(), virtual.New(t, 1), named(t, "leader-killed"), c, harness.Options{Seed: 1, Workload: workload.Name})
				requireJudged(t, r)
				require.Equal(t, mistakes[c.Name], failedOracles(r), r.String())
			})
		}
	}
}
