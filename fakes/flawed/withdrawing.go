package flawed

import "github.com/stormwatch/stormwatch/harness"

// withdrawing is [poller], but shows an empty view without an error while its reads fail, as TiProxy's topology fetch does.
func withdrawing() harness.Candidate {
	c := poller()
	c.Name, c.Summary = "withdrawing", "As poller, and shows nothing for as long as a read fails, without an error (TiProxy's topology fetch)."
	c.New = func(s harness.Setup) (harness.Manager, error) {
		t := pollerTraits(s.Timing)
		t.withdraw = true
		return t.mirror(s).New(s)
	}
	return c
}
