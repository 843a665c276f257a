package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// ignoresCompaction resumes at a revision that was compacted, again and again.
func ignoresCompaction() harness.Candidate {
	return spoiled("ignores-compaction",
		"Forgets that history ends: when its revision is compacted, it asks for the same one again.",
		oracle.Freshness{}.Name(), func(t *traits) { t.ignoresCompaction = true })
}
