package flawed

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// flapper closes its watches every ten seconds, from 30 s after its start on, and sees nothing for the next three seconds. A fault that is
// still in force then does not excuse it.
func flapper() harness.Candidate {
	c := guarded()
	c.Name, c.Summary = "flapper", "From half a minute on it gives its watches up every ten seconds, and sees nothing for three."
	c.New = made(func(timing bound.Timing) traits {
		t := guardedTraits(timing)
		t.leave, t.retry = 10*time.Second, 3*time.Second
		t.settled = time.Now().Add(30 * time.Second)
		return t
	})
	return c
}
