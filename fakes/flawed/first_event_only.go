package flawed

import (
	"github.com/stormwatch/stormwatch/fakes/tidb"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// firstEventOnly takes the first event of each response. A transaction has several.
func firstEventOnly() harness.Candidate {
	c := spoiled("first-event-only",
		"Forgets that a response has several events: it takes the first of a transaction and loses the second.",
		oracle.NothingLost{}.Name(), func(t *traits) { t.firstEventOnly = true })
	c.Workloads = []*harness.Workload{tidb.Workload()} // a service writes one key in each transaction
	return c
}
