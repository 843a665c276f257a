package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// closesOneByOne closes its clients one after another.
func closesOneByOne() harness.Candidate {
	return spoiled("closes-one-by-one",
		"Forgets that closing a connection may take seconds: it closes one client after another (tiproxy #1104, review).",
		oracle.Leaks{}.Name(), func(t *traits) { t.closesOneByOne = true })
}
