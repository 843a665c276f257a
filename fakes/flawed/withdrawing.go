package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// withdrawing is [poller], but shows an empty view without an error while its reads fail, as TiProxy's topology fetch does.
func withdrawing() harness.Candidate {
	c := poller()
	c.Name, c.Summary = "withdrawing", "As poller, and shows nothing for as long as a read fails, without an error (TiProxy's topology fetch)."
	c.New = made(func(timing bound.Timing) traits {
		t := pollerTraits(timing)
		t.withdraw = true
		return t
	})
	return c
}
