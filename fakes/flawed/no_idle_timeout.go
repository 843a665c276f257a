package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// noIdleTimeout resets its idle timer when it requests progress, and not when the answer comes. So the timer never fires.
func noIdleTimeout() harness.Candidate {
	return spoiled("no-idle-timeout",
		"Forgets that asking is not an answer: its idle timer starts again with each request (apiserver and go-zero have none at all).",
		oracle.IdleTimeout{}.Name(), func(t *traits) { t.resetsIdleByAsking = true })
}
