package flawed

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// flapper closes its watches every ten seconds, from 30 s after its start on, and sees nothing for the next three seconds. A fault that is
// still in force then does not excuse it.
func flapper() harness.Candidate {
	c := guarded()
	c.Name, c.Summary = "flapper", "From half a minute on it gives its watches up every ten seconds, and sees nothing for three."
	c.New = func(s harness.Setup) (harness.Manager, error) {
		t := guardedTraits(s.Timing)
		t.leave, t.retry = 10*time.Second, 3*time.Second
		t.settled = time.Now().Add(30 * time.Second)
		return t.mirror(s).New(s)
	}
	return c
}
