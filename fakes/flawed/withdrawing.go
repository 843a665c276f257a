package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// withdrawing is [poller], but shows an empty view without an error while its reads fail, as TiProxy's topology fetch does.
func withdrawing() harness.Candidate {
	c := poller()
	c.Name = "withdrawing"
	c.Summary = "Forgets that what it cannot read may still be there: it polls, and shows nothing while reads fail, without an error (TiProxy's topology fetch)."
	c.Caught = oracle.NothingLost{}.Name()
	c.New = made(func(timing bound.Timing) traits {
		t := pollerTraits(timing)
		t.withdraw = true
		return t
	})
	return c
}
