package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// Naive reads and watches with a client in its default configuration, as most programs do at first.
func Naive() harness.Candidate {
	return harness.Candidate{
		Name: "naive", Summary: "A plain read and watch, with the client as it comes.",
		Workloads: workloads(),
		Timing:    func(bound.Manager) bound.Manager { return bound.Manager{} },
		Caught:    oracle.Freshness{}.Name(),
		New: made(func(t bound.Timing) traits {
			return traits{retry: t.BackoffCap, mistakes: mistakes{fromNext: true, trustsHeaders: true}}
		}),
	}
}
