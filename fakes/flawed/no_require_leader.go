package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// noRequireLeader does not require its member to have a leader. An isolated member answers its progress requests for ever.
func noRequireLeader() harness.Candidate {
	return unprobed(spoiled("no-require-leader",
		"Forgets WithRequireLeader, as Cilium (#23590) and kvdb (#66) did: an isolated member keeps its watch.",
		oracle.Freshness{}.Name(), func(t *traits) { t.requireLeader = false }))
}
