package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// probeSameMember probes through the member that it watches. A member that hangs does not answer, which says nothing.
func probeSameMember() harness.Candidate {
	return spoiled("probe-same-member",
		"Forgets that a hung member cannot witness against itself: it probes through the member that it watches (tikv/pd #10671: the hung one vouched for itself).",
		oracle.Freshness{}.Name(), func(t *traits) { t.probesSameMember = true })
}
