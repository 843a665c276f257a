package owners

import (
	"github.com/stormwatch/stormwatch/fakes/flawed"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// renewsElsewhere sees only what its own member shows, and renews its lease through any.
func renewsElsewhere() harness.Candidate {
	return over(flawed.Naive(), "renews-elsewhere",
		"Acts on what one member shows, and renews its lease through any: when that member hangs, it owns on with what it saw last (tikv/pd #10671).",
		oracle.OneOwner{}.Name(), func(c *contender, stop stopping) { c.contend(stop, traits{}) })
}
