package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// unregistered declares a key of its own in each cluster, but never writes it.
func unregistered() harness.Candidate {
	c := guarded()
	c.Name, c.Summary = "unregistered", "Says that it registers itself in each cluster, and does not."
	c.Timing = func(suggested bound.Manager) bound.Manager {
		m := guardedTiming(suggested)
		m.LeaseTTL, m.Refresh = suggested.LeaseTTL, suggested.Refresh
		return m
	}
	c.New = made(func(timing bound.Timing) traits {
		t := guardedTraits(timing)
		t.register, t.leaseTTL, t.neverRegisters = timing.Refresh, timing.LeaseTTL, true
		return t
	})
	return c
}
