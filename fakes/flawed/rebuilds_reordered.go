package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// rebuildsReordered compares the clusters that it is given as one list.
func rebuildsReordered() harness.Candidate {
	return spoiled("rebuilds-reordered",
		"Forgets that the order of its clusters means nothing: it replaces them all whenever it changes (tiproxy #1104, review).",
		oracle.Gentleness{}.Name(), func(t *traits) { t.rebuildsReordered = true })
}
