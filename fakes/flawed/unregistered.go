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
	c.New = func(s harness.Setup) (harness.Manager, error) {
		mirror := guardedTraits(s.Timing).mirror(s)
		mirror.OwnKeys = []string{"/owners/unregistered"}
		return mirror.New(s)
	}
	return c
}
