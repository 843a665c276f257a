package scenarios_test

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// runs calls f in a subtest for each scenario and candidate. The reference manager is run with each of its workloads, the others with their usual one.
func runs(t *testing.T, candidates []harness.Candidate, f func(*testing.T, harness.Scenario, harness.Candidate, harness.Options)) {
	for _, c := range candidates {
		workloads := c.Workloads
		if c.Name != scenarios.Reference().Name {
			workloads = workloads[:1]
		}
		for _, workload := range workloads {
			for _, s := range scenarios.All() {
				t.Run(c.Name+"/"+workload.Name+"/"+s.Name, func(t *testing.T) {
					f(t, s, c, harness.Options{Seed: 1, Workload: workload.Name})
				})
			}
		}
	}
}

func TestReferenceManagersPassEveryScenario(t *testing.T) {
	runs(t, []harness.Candidate{scenarios.Reference(), scenarios.Hedged(), scenarios.PresetBR()},
		func(t *testing.T, s harness.Scenario, c harness.Candidate, o harness.Options) {
			harness.Run(t, virtual.New(t, o.Seed), s, c, o)
		})
}

// In real time a run takes seconds in which it mostly waits, so runs are parallel. The reference manager is run in every scenario with every
// workload. Each other manager is run, with its usual workload, only in the scenarios that show how it differs: the hedged one where a fault
// hits one of its two streams, the flawed ones where their mistakes show.
//
// Of the scenarios only some are run here, with every kind of effect on a member, a link or a watch among them. The command make run runs all.
func TestManagersByTheWallClock(t *testing.T) {
	if testing.Short() {
		t.Skip("-short runs only what is in virtual time")
	}
	asked := map[string][]string{
		"reference":   inRealTime,
		"hedged":      {"hung-leader-disk", "member-frozen"},
		"naive":       append(slices.Sorted(maps.Keys(caught["naive"])), "leader-moved", "leader-killed", "slow-leader-disk", "progress-dropped"),
		"guarded":     {"hung-leader-disk", "progress-dropped"},
		"no-progress": {"progress-dropped"},
		"poller":      {"leader-killed"},
	}
	scenario := map[string]harness.Scenario{}
	for _, s := range scenarios.All() {
		scenario[s.Name] = s
	}
	for _, c := range scenarios.Managers() {
		workloads := c.Workloads[:1]
		if c.Name == scenarios.Reference().Name {
			workloads = c.Workloads
		}
		for _, workload := range workloads {
			for _, name := range asked[c.Name] {
				t.Run(c.Name+"/"+workload.Name+"/"+name, func(t *testing.T) {
					t.Parallel()
					o := harness.Options{Seed: 1, Workload: workload.Name, Dir: t.TempDir()}
					requireCaught(t, harness.Repeat(t, func() *harness.Result {
						return harness.Execute(t.Context(), embedded.Engine{}, scenario[name], c, o)
					}))
				})
			}
		}
	}
}

var inRealTime = []string{
	"leader-moved", "leader-killed", "leader-isolated", "hung-leader-disk", "slow-leader-disk", "member-frozen", "client-blackholed",
	"progress-dropped", "progress-answered-events-withheld", "half-open-connection", "dead-leader-disk", "compacted-while-away",
	"cluster-removed-under-load", "close-while-everything-hangs", "rolling-restart", "member-wiped-and-rejoined",
	"certificate-rotated",
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
	managers := map[string]bool{}
	for _, m := range scenarios.Managers() {
		require.False(t, managers[m.Name], "%s is there twice", m.Name)
		managers[m.Name] = true
		require.NotEmpty(t, m.Summary, m.Name)
	}
	for manager, list := range caught {
		require.True(t, managers[manager], "%s is not in the catalogue", manager)
		for name := range list {
			require.True(t, seen[name], "%s is not in the catalogue", name)
		}
	}
}

// failedOracles are the names of the oracles and of the scenario's requirements that failed.
func failedOracles(r *harness.Result) []string {
	var list []string
	for _, v := range r.Failed() {
		list = append(list, v.Oracle)
	}
	return list
}

// requireJudged fails the test if the run says nothing about the manager.
func requireJudged(t *testing.T, r *harness.Result) {
	t.Helper()
	require.NotEqual(t, record.NotJudged, r.Outcome, r.String())
}
