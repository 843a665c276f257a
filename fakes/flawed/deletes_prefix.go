package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// deletesPrefix deletes the whole prefix of its own key when it closes, with the keys of others.
func deletesPrefix() harness.Candidate {
	return spoiled("deletes-prefix",
		"Forgets that others register there too: on close it deletes the whole prefix (tiproxy's infosync).",
		oracle.OwnKeys{}.Name(), func(t *traits) { t.deletesPrefix = true })
}
