package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// pinned opens every watch on the member that served its first one.
func pinned() harness.Candidate {
	return spoiled("pinned",
		"Forgets that there are other members: it dials the one that served it first, whether that refuses or is gone (tikv/pd #7499, #7730).",
		oracle.Freshness{}.Name(), func(t *traits) { t.pinned = true })
}
