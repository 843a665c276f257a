package flawed

import (
	"github.com/stormwatch/stormwatch/fakes/tidb"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// lastEventOnly takes the last event of each response. A transaction has several.
func lastEventOnly() harness.Candidate {
	c := spoiled("last-event-only",
		"Forgets that a response has several events: of a transaction it keeps the last and loses the others.",
		oracle.NothingLost{}.Name(), func(t *traits) { t.lastEventOnly = true })
	c.Workloads = []*harness.Workload{tidb.Workload()} // a service writes one key in each transaction
	return c
}
