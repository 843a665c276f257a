package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// resumeFromZero opens each further watch at the first revision, and shows every old event again.
func resumeFromZero() harness.Candidate {
	return spoiled("resume-from-zero",
		"Forgets where it was: it watches again from the first revision and relives the past (as etcd #15271 made its watchers do).",
		oracle.NoWayBack{}.Name(), func(t *traits) { t.resumesFromZero = true })
}
