package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// noProgress is [guarded] without progress requests: it reports a watch without events as idle, although nothing is wrong.
func noProgress() harness.Candidate {
	c := guarded()
	c.Name, c.Summary = "no-progress", "As guarded, without progress requests: silence counts as death."
	c.Caught = oracle.IdleTimeout{}.Name()
	c.Timing = func(suggested bound.Manager) bound.Manager {
		m := guardedTiming(suggested)
		m.ProgressInterval = 0
		return m
	}
	return c
}
