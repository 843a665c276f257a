package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// keepsCertificates keeps the credentials of a cluster for as long as its endpoints are the same.
func keepsCertificates() harness.Candidate {
	return spoiled("keeps-certificates",
		"Forgets that a reload may bring other certificates: it compares the endpoints, keeps its old authority and can connect no more (tikv/client-java #608).",
		oracle.Freshness{}.Name(), func(t *traits) { t.keepsCredentials = true })
}
