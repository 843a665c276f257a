package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// impatient compares its watch with another member every second heartbeat, and gives it one heartbeat to catch up.
func impatient() harness.Candidate {
	c := spoiled("impatient",
		"Forgets that a slow member is no stale one: a watch that is a heartbeat behind is given up (tikv/pd #7499: unhealthy because it was slow).",
		steady, func(*traits) {})
	c.Timing = func(suggested bound.Manager) bound.Manager {
		suggested = unsynced(suggested)
		suggested.ProbeInterval = suggested.ProbeGrace * 2 / 3
		suggested.ProbeGrace /= 3
		return suggested
	}
	return c
}
