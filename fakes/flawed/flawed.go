// Package flawed has managers with one known mistake each. They test the harness, which must be able to distinguish them from the reference
// manager. They follow the prefixes of the workload that runs, and keep no keys of their own.
package flawed

import (
	"github.com/stormwatch/stormwatch/fakes/services"
	"github.com/stormwatch/stormwatch/fakes/tidb"
	"github.com/stormwatch/stormwatch/harness"
)

// All are the flawed managers, those with the worst mistakes first. Each makes a mistake that real managers make, and says in Caught which oracle
// must find it.
func All() []harness.Candidate {
	return append([]harness.Candidate{
		naive(), noProgress(), guarded(), br(), topologyOnly(), poller(),
		// Noticing:
		noRequireLeader(), progressElsewhere(), noIdleTimeout(), idleEarly(), resumePastEnd(), noKeepalive(),
		probeSameMember(),
		// Leaving and coming back:
		noGrace(), noQuarantine(), quarantineForEver(), unboundedBackoff(),
		// Going on where it was:
		resumeFromZero(), resumeFromNow(), ignoresCompaction(), serializableReads(), revisionBack(), dropsDeletes(), lastEventOnly(), halfRead(),
		// Several clusters:
		oneClient(), oneLock(), waitsForSlowest(), stopTheWorldReload(), keepsHandle(), nilPrimary(), leaksRuntime(),
		// Own keys:
		keepsLostLease(), deletesPrefix(),
		// Connections:
		DeadConnection(Sound()),
	}, Burdens()...)
}

// Cheaters are managers whose mistake every run must catch, since it does not depend on what happens to the clusters. Some mistakes make the
// manager look better than it is. Apart from the mistake they are [guarded].
func Cheaters() []harness.Candidate {
	return []harness.Candidate{
		blink(), absent(), clairvoyant(), clock(), slowView(), stuckView(), panickingView(), panickingClose(), nobody(), unregistered(),
		flapper(), withdrawing(), leaky(),
	}
}

// workloads are the workloads that the managers of this package can be run with, unless a manager says otherwise.
func workloads() []*harness.Workload {
	return []*harness.Workload{tidb.Workload(), services.Workload()}
}
