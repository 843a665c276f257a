package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// registersAtOne refreshes its lease through one member, whatever that answers.
func registersAtOne() harness.Candidate {
	return spoiled("registers-at-one",
		"Forgets that another member can refresh its lease: it asks the same one until the lease has expired (tikv/pd #6403).",
		oracle.OwnKeys{}.Name(), func(t *traits) { t.registersAtOne = true })
}
