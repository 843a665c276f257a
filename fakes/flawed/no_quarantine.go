package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// noQuarantine opens the next watch on the same member if its connection is open, also if the watch there was stale.
func noQuarantine() harness.Candidate {
	return spoiled("no-quarantine",
		"Forgets why it left: an open connection is enough for it to go back to a stale member (tidb #69048: 18 minutes on the old leader).",
		oracle.Freshness{}.Name(), func(t *traits) { t.staysOnReadyMember = true })
}
