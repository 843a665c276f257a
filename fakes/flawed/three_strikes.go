package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// threeStrikes counts the watches that it has lost, and never forgets one.
func threeStrikes() harness.Candidate {
	return spoiled("three-strikes",
		"Forgets to count its failures anew after a success: with the third watch that it loses it gives up for good (a client with a limit of retries).",
		oracle.Freshness{}.Name(), func(t *traits) { t.strikes = 3 })
}
