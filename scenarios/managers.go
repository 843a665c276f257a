package scenarios

import (
	"slices"

	"github.com/stormwatch/stormwatch/fakes/flawed"
	owning "github.com/stormwatch/stormwatch/fakes/owners"
	"github.com/stormwatch/stormwatch/harness"
)

// Managers are the managers that scenarios can be run with, the reference manager first.
func Managers() []harness.Candidate {
	return slices.Concat([]harness.Candidate{Reference(), Hedged(), PresetBR(), flawed.Sound()}, flawed.All(), owning.All())
}
