package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// halfRead shows a read while its parts are still coming, with the revision of the whole.
func halfRead() harness.Candidate {
	return spoiled("half-read",
		"Forgets that a read in pages is no snapshot before its last page: it shows the first one already (TiProxy's topology fetch shows a part as the whole).",
		oracle.NothingLost{}.Name(), func(t *traits) { t.showsHalf = true })
}
