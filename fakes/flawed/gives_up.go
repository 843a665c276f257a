package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// givesUp tries five times.
func givesUp() harness.Candidate {
	return spoiled("gives-up",
		"Forgets that a failure may end: it gives a watch up after five failures in a row (confd #801).",
		oracle.Freshness{}.Name(), func(t *traits) { t.givesUp = 5 })
}
