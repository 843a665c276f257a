package flawed

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// blink shows an empty view for 100 ms in every 500 ms, as a manager does that clears its view and fills it again.
func blink() harness.Candidate {
	return viewCheater("blink", "Shows an empty view for 100 ms in every 500.", func() change {
		began := time.Now()
		return func(_ string, v harness.View, ok bool) (harness.View, bool) {
			if time.Since(began)%(500*time.Millisecond) < 100*time.Millisecond {
				v.Facts = nil
			}
			return v, ok
		}
	})
}
