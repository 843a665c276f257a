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

// Each of these managers is caught, and only by the oracle that names its mistake, with evidence that says what is wrong.
func TestBurdensAreCaught(t *testing.T) {
	expected := map[string]struct{ scenario, oracle, evidence string }{
		"recreate-loop":   {"leader-killed", "gentleness", `created watches from \d+s to \d+s, .*, where \d+ are allowed in 3s; by second from \d+s on: [\d ]+;`},
		"retry-storm":     {"leader-killed", "gentleness", `\d+ dials from \d+s to \d+s, while a fault or a recovery was under way, where 21 are allowed in 3s; by second from \d+s on: `},
		"pinger":          {"leader-moved", "gentleness", `closed the connection opened at .* with GOAWAY too_many_pings`},
		"dead-connection": {"client-blackholed", "gentleness", `^alpha: the connection to alpha/m\d, opened at .*, was kept although nothing came from there`},
		"forgotten-watch": {"leader-moved", "leaks", `3 watches of \S+ were open at once from .* on alpha/m\d since .*, on alpha/m\d since `},
		"eventwise":       {"leader-moved", "nothing lost", `the view showed .*, but .*; one transaction wrote it and `},
		"always-well":     {"cluster-blackholed", "honesty", `the view claimed to be up to date, but .* \(cut off, since reach lost\)`},
		"never-well":      {"leader-moved", "honesty", `the view never claimed to be up to date`},
	}
	for _, c := range append(flawed.Burdens(), flawed.DeadConnection(scenarios.Reference())) {
		for _, workload := range c.Workloads {
			t.Run(c.Name+"/"+workload.Name, func(t *testing.T) {
				want, ok := expected[c.Name]
				require.True(t, ok)
				r := harness.Execute(t.Context(), virtual.New(t, 1), named(t, want.scenario), c, harness.Options{Seed: 1, Workload: workload.Name})
				requireJudged(t, r)
				require.Equal(t, []string{want.oracle}, failedOracles(r), r.String())
				i := slices.IndexFunc(r.Failed(), func(v record.Verdict) bool { return v.Oracle == want.oracle })
				require.Regexp(t, want.evidence, r.Failed()[i].Evidence)
			})
		}
	}
}
