package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// waitsForSlowest polls all clusters together, without a timeout, and shows nothing before the slowest has answered.
func waitsForSlowest() harness.Candidate {
	return polling("waits-for-slowest",
		"Forgets a deadline for each cluster: it joins the fetches of all and waits for the slowest (tiproxy #1149).",
		oracle.Isolation{}.Name(), func(t *traits) { t.request, t.waitsForSlowest = 0, true })
}
