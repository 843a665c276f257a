package flawed

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// BR is [Guarded] with the figures of the merged TiDB change (#69047): progress asked for every 30 s, an idle timeout of 90 s, 5 s for
// the first attempt to read, and a second between two attempts. They hold whatever the timing in force, so that only virtual time has
// the patience for it.
func BR(s harness.Setup) (harness.Manager, error) {
	production := bound.Production()
	t := guarded(production)
	t.progress, t.idle = 30*time.Second, 90*time.Second
	t.request, t.retry = 5*time.Second, time.Second
	return newManager(t, s), nil
}
