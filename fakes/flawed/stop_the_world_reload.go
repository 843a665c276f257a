package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// stopTheWorldReload applies no event of any cluster while Apply waits for a new cluster.
func stopTheWorldReload() harness.Candidate {
	return spoiled("stop-the-world-reload",
		"Forgets the others while it adds a cluster: nothing is refreshed until the new one has answered (tiproxy's reload: 7.5 s).",
		oracle.Isolation{}.Name(), func(t *traits) { t.stopsForReload = true })
}
