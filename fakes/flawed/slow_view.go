package flawed

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// slowView takes 20 ms for each call of View, as if it made a request. In real time a busy machine may take as long, so only virtual time
// can catch it.
func slowView() harness.Candidate {
	return viewCheater("slow-view", "Takes 20 ms to say what it believes.", func() change {
		return func(_ string, v harness.View, ok bool) (harness.View, bool) {
			time.Sleep(20 * time.Millisecond)
			return v, ok
		}
	})
}
