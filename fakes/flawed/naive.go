package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// naive reads and watches with a client in its default configuration, as most programs do at first.
func naive() harness.Candidate {
	return harness.Candidate{
		Name: "naive", Summary: "A plain read and watch, with the client as it comes.",
		Workloads: workloads(),
		Timing:    func(bound.Manager) bound.Manager { return bound.Manager{} },
		New: func(s harness.Setup) (harness.Manager, error) {
			return traits{retry: s.Timing.BackoffCap}.mirror(s).New(s)
		},
	}
}
