// Package flawed has managers that each lack something a good one has. They test the harness: one that cannot tell them from the
// reference manager is of no use. They follow the prefixes of whatever workload runs, and keep no keys.
package flawed

import (
	"github.com/stormwatch/stormwatch/fakes/services"
	"github.com/stormwatch/stormwatch/fakes/tidb"
	"github.com/stormwatch/stormwatch/harness"
)

// All are the flawed managers, the most flawed first. Each makes a mistake that real managers make.
func All() []harness.Candidate {
	return []harness.Candidate{naive(), noProgress(), guarded(), br(), topologyOnly(), poller()}
}

// Cheaters are managers that no scenario need catch each, but every run must: their mistakes show whatever happens to the clusters, and
// some look better by them than they are. They are [guarded] but for the one mistake.
func Cheaters() []harness.Candidate {
	return []harness.Candidate{
		blink(), absent(), clairvoyant(), clock(), slowView(), stuckView(), panickingView(), panickingClose(), nobody(), unregistered(),
		flapper(), withdrawing(), leaky(),
	}
}

// workloads are those that every manager of this package can be run with, unless it says otherwise.
func workloads() []*harness.Workload {
	return []*harness.Workload{tidb.Workload(), services.Workload()}
}
