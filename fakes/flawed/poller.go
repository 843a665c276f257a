package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// poller reads instead of watching, linearizably and with a timeout. Its client chooses the member of each read, so reads through a member
// that does not answer fail again and again.
func poller() harness.Candidate {
	return harness.Candidate{
		Name: "poller", Summary: "Reads each prefix every few seconds through whichever member is next, and watches nothing.",
		Workloads: workloads(),
		Timing:    pollerTiming,
		New:       made(pollerTraits),
		Caught:    oracle.Freshness{}.Name(),
	}
}

func pollerTiming(suggested bound.Manager) bound.Manager {
	return bound.Manager{
		Poll: suggested.ProgressInterval, RequestTimeout: suggested.RequestTimeout, BackoffCap: suggested.BackoffCap,
	}
}

func pollerTraits(t bound.Timing) traits {
	return traits{client: dialing(t.BackoffCap), poll: t.Poll, request: t.RequestTimeout, mostRetry: t.BackoffCap}
}

// polling is [poller] with a further mistake, which the named oracle must catch.
func polling(name, summary, caught string, spoil func(*traits)) harness.Candidate {
	c := poller()
	c.Name, c.Summary, c.Caught = name, summary, caught
	c.New = made(func(t bound.Timing) traits {
		spoilt := pollerTraits(t)
		spoil(&spoilt)
		return spoilt
	})
	return c
}
