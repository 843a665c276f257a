package flawed

import (
	"sync/atomic"

	"github.com/stormwatch/stormwatch/harness"
)

// absent answers every third call of View that it does not manage the cluster.
func absent() harness.Candidate {
	return viewCheater("absent", "Says at every third look that it does not manage the cluster.", func() change {
		var looks atomic.Int64
		return func(_ string, v harness.View, ok bool) (harness.View, bool) {
			if looks.Add(1)%3 == 0 {
				return harness.View{}, false
			}
			return v, ok
		}
	})
}
