package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// resumePastEnd resumes at the next revision. While nobody writes, etcd answers no progress request on such a watch.
func resumePastEnd() harness.Candidate {
	return onServices(spoiled("resume-past-end",
		"Forgets that etcd answers no progress on a watch that begins past its store: it resumes at the next revision (TiDB #69047).",
		oracle.IdleTimeout{}.Name(), func(t *traits) { t.fromNext = true }))
}
