package scenarios_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/fakes/burden"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// cutOff is a scenario of these tests: no member of a cluster can be reached for longer than a manager may overlook.
func cutOff() harness.Scenario {
	return harness.Scenario{
		Name:     "cut-off",
		Clusters: []harness.Spec{{Name: "alpha", Members: 3}, {Name: "beta", Members: 3}},
		Body: func(w *harness.World) {
			alpha := w.Cluster("alpha")
			w.StartManager()
			var holes []*harness.Injection
			for _, m := range alpha.Members() {
				holes = append(holes, w.Inject(fault.Blackhole(m)))
			}
			w.Pass(2 * w.Bounds().CutOff())
			for _, h := range holes {
				h.Heal()
			}
			w.RequireFresh(alpha)
		},
	}
}

// Each of these managers is caught, and only by the oracle that names its mistake, with evidence that says what is wrong.
func TestBurdensAreCaught(t *testing.T) {
	expected := map[string]struct{ scenario, oracle, evidence string }{
		"with-recreate-loop":   {"leader-killed", "gentleness", `created watches from \d+s to \d+s, .*, where \d+ are allowed in 3s; by second from \d+s on: [\d ]+;`},
		"with-retry-storm":     {"leader-killed", "gentleness", `\d+ dials from \d+s to \d+s, while a fault or a recovery was under way, where 21 are allowed in 3s; by second from \d+s on: `},
		"with-pings":           {"leader-moved", "gentleness", `closed the connection opened at .* with GOAWAY too_many_pings`},
		"with-dead-connection": {"client-blackholed", "gentleness", `^alpha: the connection to alpha/m\d, opened at .*, was kept although nothing came from there`},
		"with-forgotten-watch": {"leader-moved", "leaks", `3 watches of \S+ were open at once from .* on alpha/m\d since .*, on alpha/m\d since `},
		"eventwise":            {"leader-moved", "nothing lost", `the view showed .*, but .*; one transaction wrote it and `},
		"always-well":          {"cut-off", "honesty", `the view claimed to be up to date, but .* \(cut off, since reach lost\)`},
		"never-well":           {"leader-moved", "honesty", `the view never claimed to be up to date`},
	}
	story := map[string]harness.Scenario{"cut-off": cutOff()}
	for _, s := range scenarios.All() {
		story[s.Name] = s
	}
	for _, c := range burden.All(scenarios.Reference()) {
		for _, workload := range c.Workloads {
			t.Run(c.Name+"/"+workload.Name, func(t *testing.T) {
				want, ok := expected[c.Name]
				require.True(t, ok)
				r := harness.Execute(t.Context(), virtual.New(t, 1), story[want.scenario], c, harness.Options{Seed: 1, Workload: workload.Name})
				requireJudged(t, r)
				require.Equal(t, []string{want.oracle}, failedOracles(r), r.String())
				i := slices.IndexFunc(r.Failed(), func(v record.Verdict) bool { return v.Oracle == want.oracle })
				require.Regexp(t, want.evidence, r.Failed()[i].Evidence)
			})
		}
	}
}

// The managers without these mistakes pass where they are caught. The other scenarios are in TestReferenceManagersPassEveryScenario.
func TestReferenceManagersAreHonestWhenCutOff(t *testing.T) {
	for _, c := range []harness.Candidate{scenarios.Reference(), scenarios.Hedged(), scenarios.PresetBR()} {
		for _, workload := range c.Workloads {
			t.Run(c.Name+"/"+workload.Name, func(t *testing.T) {
				harness.Run(t, virtual.New(t, 1), cutOff(), c, harness.Options{Seed: 1, Workload: workload.Name})
			})
		}
	}
}
