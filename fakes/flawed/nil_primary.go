package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// nilPrimary looks at the primary cluster whenever it is asked, and there is none if there are two clusters.
func nilPrimary() harness.Candidate {
	return spoiled("nil-primary",
		"Forgets that two clusters have no primary: it is nil, and looking at it panics (tiproxy #1104, the metrics loop).",
		oracle.Honesty{}.Name(), func(t *traits) { t.needsPrimary = true })
}
