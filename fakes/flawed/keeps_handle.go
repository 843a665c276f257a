package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// keepsHandle goes on showing a cluster's first runtime after a reload has replaced it.
func keepsHandle() harness.Candidate {
	return spoiled("keeps-handle",
		"Forgets to renew its handles: readers keep the closed runtime of a cluster that was replaced (tiproxy #1104, review).",
		oracle.Freshness{}.Name(), func(t *traits) { t.keepsHandles = true })
}
