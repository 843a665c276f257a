package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// progressElsewhere requests progress with a context without the watch's metadata. clientv3 sends the request on another stream and reports success, and the
// watch never hears of it.
func progressElsewhere() harness.Candidate {
	return spoiled("progress-elsewhere",
		"Asks for progress with another context than the watch's, which clientv3 accepts and sends elsewhere: a quiet watch looks dead.",
		oracle.IdleTimeout{}.Name(), func(t *traits) { t.asksElsewhere = true })
}
