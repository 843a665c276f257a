package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// dropsDeletes ignores deletions until it reads again.
func dropsDeletes() harness.Candidate {
	return spoiled("drops-deletes",
		"Forgets that keys are deleted: what is gone stays in its view (as in etcd #18089, where a compaction swallowed a delete).",
		oracle.NothingLost{}.Name(), func(t *traits) { t.dropsDeletes = true })
}
