// Package owners has managers that own things, the lock and the leadership of package lock: one that does it right, one on clientv3/concurrency as it
// comes, and some with one known mistake each.
//
//	a manager of package flawed (mirrors the facts) ── wrapped ──► and, for each thing of each cluster, a contender
//
// The right one owns a thing while its key is the oldest below the thing's prefix. Its key is under a lease, so it is gone at the latest when the lease
// has expired, and then somebody else owns the thing without a word to it. So it must know until when the lease lives at least, from nothing but its own
// clock and the answers to its own requests:
//
//	contender   send renewal              answer arrives                          stop
//	                ├──────────────────────────┤                                   │
//	                └──────────────┬───────────┘- - - - - - - - - - - - - - - - - -┘ send + TTL
//	leader                         └ renewed: the lease lives for the TTL ─────────────┘ expires here, or later
//
// The leader counts the TTL from the instant at which it handles the renewal, which is after the request was sent and before its answer arrives. A new
// leader lets each lease live for the TTL, and an election timeout more, from its election on, which is later than any renewal that its predecessor
// answered. So no lease that is renewed expires before the time at which the renewal was sent plus the TTL; counted from the answer it may be too late
// by the time that the answer took. Nothing is subtracted: the clocks of the contender and of the leader need not show the same time, but this is
// right only while they run at the same speed, and a lease that somebody revokes is gone before.
package owners

import (
	"github.com/stormwatch/stormwatch/fakes/flawed"
	"github.com/stormwatch/stormwatch/fakes/lock"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// All are the managers of this package, the right one first.
func All() []harness.Candidate { return append([]harness.Candidate{Right()}, Flawed()...) }

// Flawed are those with a known mistake, which the oracle that Candidate.Caught names must find.
func Flawed() []harness.Candidate {
	return []harness.Candidate{
		Concurrency(), ignoresSessionDone(), claimsFromAnswer(), claimsUntilTold(), claimsWithoutWaiting(), keepsClaimAfterSession(), renewsElsewhere(),
	}
}

// Right owns things as this package's documentation derives it, and mirrors the facts with [flawed.Sound].
func Right() harness.Candidate {
	c := owner("owner", "Owns a lock and a leadership, each until the last answered renewal of its lease was sent plus the TTL.", "", traits{})
	c.Late = map[string]string{"one-cluster-dies-of-many": "what a dead cluster could not revoke before Close is gone only when the leases expire"}
	return c
}

// owner is [flawed.Sound] with contenders of these traits.
func owner(name, summary, caught string, t traits) harness.Candidate {
	return over(flawed.Sound(), name, summary, caught, func(c *contender, stop stopping) { c.contend(stop, t) })
}

// spoiled is an owner with a mistake.
func spoiled(name, summary string, t traits) harness.Candidate {
	return owner(name, summary, oracle.OneOwner{}.Name(), t)
}

// over is a candidate that mirrors as base does, and contends for each thing.
func over(base harness.Candidate, name, summary, caught string, contend func(*contender, stopping)) harness.Candidate {
	c := base
	c.Name, c.Summary, c.Caught = name, summary, caught
	c.Workloads = []*harness.Workload{lock.Workload()}
	c.Timing = func(suggested bound.Manager) bound.Manager {
		own := base.Timing(suggested)
		own.LeaseTTL, own.Refresh = suggested.LeaseTTL, suggested.Refresh // those of what it owns
		return own
	}
	c.New = func(s harness.Setup) (harness.Manager, error) {
		mirror, err := base.New(s)
		if err != nil {
			return nil, err
		}
		return wrap(mirror, s, contend), nil
	}
	return c
}
