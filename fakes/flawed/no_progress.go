package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
)

// NoProgress is [Guarded] without progress requests: it takes a watch on which nothing happens for a dead one.
func NoProgress(s harness.Setup) (harness.Manager, error) {
	without := guarded(s.Timing)
	without.progress = 0
	return newManager(without, s), nil
}
