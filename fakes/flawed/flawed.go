// Package flawed has managers with one known mistake each. They test the harness, which must be able to distinguish them from a good manager.
//
//	Sound ── one trait changed ──► a flawed manager ── run through the catalogue ──► the oracle that Candidate.Caught names
//
// All are made of one small manager, whose traits can be switched. It follows the prefixes of the workload that runs, with one client for each member,
// and registers one key of its own. The first managers of All are older, simpler designs, in which one client chooses the members.
package flawed

import (
	"github.com/stormwatch/stormwatch/fakes/services"
	"github.com/stormwatch/stormwatch/fakes/tidb"
	"github.com/stormwatch/stormwatch/harness"
)

// All are the flawed managers, by what they get wrong. Most make a mistake that real managers make. Each says in Caught which oracle
// must find it.
func All() []harness.Candidate {
	return withLate(append([]harness.Candidate{
		Naive(), noProgress(), guarded(), br(), topologyOnly(), poller(),
		// Noticing:
		noRequireLeader(), progressElsewhere(), noIdleTimeout(), idleEarly(), resumePastEnd(), noKeepalive(),
		probeSameMember(), progressOnly(),
		// Leaving and coming back:
		noGrace(), impatient(), judgesByLatency(), noQuarantine(), quarantineForEver(), unboundedBackoff(), pinned(), threeStrikes(), settlesFirst(), givesUp(),
		// Going on where it was:
		resumeFromZero(), resumeFromNow(), ignoresCompaction(), ignoresRestore(), serializableReads(), revisionBack(), dropsDeletes(), lastEventOnly(), halfRead(),
		keepsLeftWatch(),
		// Several clusters:
		oneClient(), oneLock(), waitsForSlowest(), withdrawing(), stopTheWorldReload(), keepsHandle(), nilPrimary(), leaksRuntime(), closesOneByOne(),
		rebuildsReordered(), restartsForNewcomer(Sound()),
		// Credentials:
		keepsCertificates(), keepsToken(),
		// Own keys:
		keepsLostLease(), deletesPrefix(), registersAtOne(), grantsAgain(),
		// Connections:
		DeadConnection(Sound()),
	}, Burdens()...))
}

// Cheaters are managers whose mistake every run must catch, since it does not depend on what happens to the clusters. Some mistakes make the
// manager look better than it is. Apart from the mistake they are [guarded].
func Cheaters() []harness.Candidate {
	return []harness.Candidate{
		blink(), absent(), clairvoyant(), clock(), slowView(), stuckView(), panickingView(), panickingClose(), nobody(), unregistered(),
		flapper(), leaky(),
	}
}

// workloads are the workloads that the managers of this package can be run with, unless a manager says otherwise.
func workloads() []*harness.Workload {
	return []*harness.Workload{tidb.Workload(), services.Workload()}
}
