package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// poller reads instead of watching, linearizably and with a timeout. Its client chooses the member of each read, so reads through a member
// that does not answer fail again and again.
func poller() harness.Candidate {
	return harness.Candidate{
		Name: "poller", Summary: "Reads each prefix every few seconds through whichever member is next, and watches nothing.",
		Workloads: workloads(),
		Timing:    pollerTiming,
		New:       func(s harness.Setup) (harness.Manager, error) { return pollerTraits(s.Timing).mirror(s).New(s) },
	}
}

func pollerTiming(suggested bound.Manager) bound.Manager {
	return bound.Manager{
		Poll: suggested.ProgressInterval, RequestTimeout: suggested.RequestTimeout, BackoffCap: suggested.BackoffCap,
	}
}

func pollerTraits(t bound.Timing) traits {
	return traits{client: dialing(t.BackoffCap), poll: t.Poll, request: t.RequestTimeout}
}
