package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// serializableReads polls with serializable reads through any member. A member that is behind takes its view back in time.
func serializableReads() harness.Candidate {
	return polling("serializable-reads",
		"Forgets that a serializable read may be old: after a failover it reads from the old leader too (etcd #20418: stale reads after a pause).",
		oracle.NoWayBack{}.Name(), func(t *traits) { t.serializable = true })
}
