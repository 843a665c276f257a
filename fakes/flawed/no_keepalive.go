package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// noKeepalive requires a leader and has nothing that notices silence: no keepalive, no progress requests, no idle timeout.
func noKeepalive() harness.Candidate {
	return silent(spoiled("no-keepalive",
		"Forgets keepalive, and has no other sign of life, as go-zero's core/discov: a frozen or blackholed member keeps its watch.",
		oracle.Freshness{}.Name(), func(t *traits) { t.client, t.progress, t.idle = nil, 0, 0 }))
}
