package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// eventwise publishes its view after each event, also between the events of one transaction.
func eventwise() harness.Candidate {
	return spoiled("eventwise", "Forgets that a transaction is one step: it shows its view after each event, and so half of a transaction.",
		oracle.NothingLost{}.Name(), func(t *traits) { t.showsEachEvent = true })
}
