package flawed

import (
	"go.uber.org/zap"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// NoProgress is [Guarded] without progress requests: it takes a watch on which nothing happens for a dead one.
func NoProgress(t bound.Timing, log *zap.Logger) (harness.Manager, error) {
	without := guarded(t)
	without.progress = 0
	return newManager(without, log), nil
}
