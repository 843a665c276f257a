package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// progressOnly resets its idle timer only when progress arrives. While members answer progress requests, nobody notices.
func progressOnly() harness.Candidate {
	return onServices(spoiled("progress-only",
		"Forgets that an event is a sign of life too: without progress it leaves a watch that delivers (TiDB #69047 with its failpoint thrown).",
		oracle.IdleTimeout{}.Name(), func(t *traits) { t.idlesByProgress = true }))
}
