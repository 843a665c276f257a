package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// keepsLostLease goes on refreshing a lease that has expired, and never asks for another.
func keepsLostLease() harness.Candidate {
	return spoiled("keeps-lost-lease",
		"Forgets that a lease can be lost: it refreshes the lost one for ever (etcd #15247: a returning leader revoked all leases).",
		oracle.OwnKeys{}.Name(), func(t *traits) { t.keepsLostLease = true })
}
