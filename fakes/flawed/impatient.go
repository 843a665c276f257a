package flawed

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// impatient compares its watch with another member many times a second, and gives it half a heartbeat to catch up.
func impatient() harness.Candidate {
	c := spoiled("impatient",
		"Forgets that a slow member is no stale one: a watch that is half a heartbeat behind is given up (tikv/pd #7499: unhealthy because it was slow).",
		steady, func(*traits) {})
	c.Timing = func(suggested bound.Manager) bound.Manager {
		suggested = unsynced(suggested)
		// The interval is no fraction of that of the load, so that sooner or later a probe falls between a commit and its event.
		suggested.ProbeInterval, suggested.ProbeGrace = 70*time.Millisecond, 50*time.Millisecond
		return suggested
	}
	return c
}
