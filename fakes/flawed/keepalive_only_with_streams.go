package flawed

import "github.com/stormwatch/stormwatch/harness"

// keepaliveOnlyWithStreams polls, so its connections carry no stream most of the time, and it does not permit keepalive then: a dead connection is
// noticed only when a read uses it.
func keepaliveOnlyWithStreams() harness.Candidate {
	return polling("keepalive-only-with-streams",
		"Forgets PermitWithoutStream where it only polls: a dead connection stays in its client's round robin (tikv/pd #7730).",
		gentleness, func(t *traits) { t.client = keepAliveWithStreams(t.mostRetry) })
}
