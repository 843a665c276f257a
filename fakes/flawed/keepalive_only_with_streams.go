package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// keepaliveOnlyWithStreams polls, so its connections carry no stream most of the time, and it does not permit keepalive then. A read through a
// dead connection times out before keepalive notices, so the connection stays in the client's turn.
func keepaliveOnlyWithStreams() harness.Candidate {
	return polling("keepalive-only-with-streams",
		"Forgets PermitWithoutStream where it only polls: a dead connection stays in its client's round robin (tikv/pd #7730).",
		oracle.Freshness{}.Name(), func(t *traits) { t.client = keepAliveWithStreams(t.mostRetry) })
}
