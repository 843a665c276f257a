package flawed

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// noGrace gives a watch a millisecond to deliver what a probe has shown.
func noGrace() harness.Candidate {
	return spoiled("no-grace",
		"Forgets that an update takes a while to arrive: it leaves a member for being slow, and the next one too (tikv/pd #7730).",
		steady, func(t *traits) { t.probeGrace = time.Millisecond })
}
