package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// alwaysHealthy takes itself to be up to date whatever happens.
func alwaysHealthy() harness.Candidate {
	return unprobed(spoiled("always-healthy",
		"Forgets to say that it is out of date: its view is healthy for as long as its watch stands (tikv/pd #10671: SERVING throughout the hang).",
		oracle.Honesty{}.Name(), func(t *traits) { t.claimsHealth = true }))
}
