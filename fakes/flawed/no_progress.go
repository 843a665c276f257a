package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// noProgress is [guarded] without progress requests: it takes a watch on which nothing happens for a dead one.
func noProgress() harness.Candidate {
	c := guarded()
	c.Name, c.Summary = "no-progress", "As guarded, without progress requests: silence counts as death."
	c.Timing = func(suggested bound.Manager) bound.Manager {
		m := guardedTiming(suggested)
		m.ProgressInterval = 0
		return m
	}
	return c
}
