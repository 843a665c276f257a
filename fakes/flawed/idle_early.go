package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// idleEarly gives a watch half the time that it promises.
func idleEarly() harness.Candidate {
	return spoiled("idle-early",
		"Forgets how long it promised to wait: it calls a watch idle at half its idle timeout (TiDB #69047 had such alarms on quiet clusters).",
		oracle.IdleTimeout{}.Name(), func(t *traits) { t.idlesEarly = true })
}
