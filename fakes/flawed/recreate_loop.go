package flawed

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// recreateLoop opens a watch again that had no news for a while, on the same member, which answers.
func recreateLoop() harness.Candidate {
	return spoiled("recreate-loop",
		"Forgets that silence may be peace: it recreates a watch without news over and over (tikv/pd #7351).",
		gentleness, func(t *traits) {
			t.recreates, t.retry, t.staysOnReadyMember = 300*time.Millisecond, time.Millisecond, true
		})
}
