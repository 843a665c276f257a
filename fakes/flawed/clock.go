package flawed

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// clock shows the time as its revision.
func clock() harness.Candidate {
	return viewCheater("clock", "Gives the time for the revision that its view is based on.", func() change {
		return func(_ string, v harness.View, ok bool) (harness.View, bool) {
			v.Revision = time.Now().UnixMilli()
			return v, ok
		}
	})
}
