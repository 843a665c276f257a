package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// keepsToken logs in once.
func keepsToken() harness.Candidate {
	return spoiled("keeps-token",
		"Forgets that a token expires: it logs in once and hands its client the token, not the password (jetcd #659, python-etcd3 #1227).",
		oracle.Freshness{}.Name(), func(t *traits) { t.keepsToken = true })
}
