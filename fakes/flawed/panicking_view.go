package flawed

import (
	"sync/atomic"

	"github.com/stormwatch/stormwatch/harness"
)

// panickingView panics in every tenth call of View.
func panickingView() harness.Candidate {
	return viewCheater("panicking-view", "Panics at every tenth look.", func() change {
		var looks atomic.Int64
		return func(_ string, v harness.View, ok bool) (harness.View, bool) {
			if looks.Add(1)%10 == 0 {
				panic("assignment to entry in nil map")
			}
			return v, ok
		}
	})
}
