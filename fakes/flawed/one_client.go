package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// oneClient uses the client of its first cluster for every cluster.
func oneClient() harness.Candidate {
	return spoiled("one-client",
		"Forgets that a client belongs to one cluster: the first cluster's serves for all (tiproxy #1104, which had assumed a single cluster).",
		oracle.NothingLost{}.Name(), func(t *traits) { t.sharesClient = true })
}
