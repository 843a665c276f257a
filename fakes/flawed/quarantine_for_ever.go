package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// quarantineForEver never uses a member again on which a watch was once stale or silent.
func quarantineForEver() harness.Candidate {
	return spoiled("quarantine-for-ever",
		"Forgets to forgive: a member that was stale or silent once is never used again, until none is left.",
		oracle.Freshness{}.Name(), func(t *traits) { t.expels = true })
}
