package scenarios

import (
	"slices"

	"github.com/stormwatch/stormwatch/fakes/flawed"
	"github.com/stormwatch/stormwatch/harness"
)

// Managers are those that a scenario can be run with, the reference manager first.
func Managers() []harness.Candidate {
	return slices.Concat([]harness.Candidate{Reference(), Hedged(), PresetBR()}, flawed.All())
}
