package flawed

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// br is [guarded] with the timing of the merged TiDB change (#69047): a progress request every 30 s, an idle timeout of 90 s, 5 s for the
// first attempt to read, and 1 s between two attempts. The timing is the same on every engine, so it is only practical in virtual time.
func br() harness.Candidate {
	c := guarded()
	c.Name, c.Summary = "br", "As guarded, with BR's own figures whatever the engine: sensible in virtual time only."
	c.Timing = func(bound.Manager) bound.Manager {
		return bound.Manager{
			ProgressInterval: 30 * time.Second, IdleTimeout: 90 * time.Second,
			RequestTimeout: 5 * time.Second, BackoffCap: 3 * time.Second,
		}
	}
	c.New = made(func(timing bound.Timing) traits {
		t := guardedTraits(timing)
		t.retry = time.Second
		return t
	})
	return c
}
