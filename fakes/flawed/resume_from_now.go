package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// resumeFromNow opens each further watch without a revision. What happened in between is lost.
func resumeFromNow() harness.Candidate {
	return onServices(spoiled("resume-from-now",
		"Forgets where it was: it watches again from now, and what happened in between is lost (as in etcd #17529, there by etcd's fault).",
		oracle.NothingLost{}.Name(), func(t *traits) { t.resumesFromNow = true }))
}
