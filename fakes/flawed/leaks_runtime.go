package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// leaksRuntime does not close a cluster that it is no longer given.
func leaksRuntime() harness.Candidate {
	return spoiled("leaks-runtime",
		"Forgets to close a cluster that it no longer manages: its watches, lease and connections stay (go-zero's core/discov).",
		oracle.Leaks{}.Name(), func(t *traits) { t.leaksRemoved = true })
}
