package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// revisionBack gives, after each failover, the revision of its first read for that of its view.
func revisionBack() harness.Candidate {
	return spoiled("revision-back",
		"Forgets its revision at a failover and starts from the one that it saved first (as watchers did in etcd #15271).",
		oracle.NoWayBack{}.Name(), func(t *traits) { t.forgetsRevision = true })
}
