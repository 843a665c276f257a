package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// ignoresRestore resumes where it was after its cluster was restored from a backup, which had that revision and has it no more.
func ignoresRestore() harness.Candidate {
	return spoiled("ignores-restore",
		"Forgets that a restored cluster goes back: it waits at a revision from before the restore, in silence, and keeps what was undone.",
		oracle.Freshness{}.Name(), func(t *traits) { t.ignoresRestore = true })
}
