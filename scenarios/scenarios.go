// Package scenarios is the catalogue of scenarios: incidents of real systems in about ten lines each. A scenario names no engine, no manager,
// no workload and no duration. It says what happens to clusters; what it requires follows from the faults and the timing in force.
//
//	go test ./scenarios/...            runs all of them against the reference manager
//	stormwatch run hung-leader-disk    runs one
package scenarios

import (
	"slices"

	"github.com/stormwatch/stormwatch/harness"
)

// All is the catalogue, by theme.
func All() []harness.Scenario {
	catalogue := slices.Concat(
		leader(), disk(), network(), watch(), quiet(), lease(), owners(), configuration(), isolation(), membership(), security(),
	)
	for i := range catalogue {
		if catalogue[i].Clusters == nil {
			catalogue[i].Clusters = []harness.Spec{{Name: "alpha", Members: 3}, {Name: "beta", Members: 3}}
		}
	}
	return catalogue
}
