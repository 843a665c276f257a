package flawed

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// unboundedBackoff doubles its pause for as long as it fails.
func unboundedBackoff() harness.Candidate {
	return spoiled("unbounded-backoff",
		"Forgets a cap on its backoff: after a long outage it sleeps on (gRPC's own backoff grows to two minutes).",
		oracle.Freshness{}.Name(), func(t *traits) { t.mostRetry = 24 * time.Hour })
}
