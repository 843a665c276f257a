package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// oneLock holds one lock of all clusters during each read and probe, and needs it to apply an event.
func oneLock() harness.Candidate {
	return spoiled("one-lock",
		"Forgets to keep clusters apart: one lock of all clusters is held during requests (tiproxy's reload under a lock).",
		oracle.Isolation{}.Name(), func(t *traits) { t.sharesLock = true })
}
