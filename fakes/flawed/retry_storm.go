package flawed

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// retryStorm tries again a millisecond after each failure, through whichever member is next.
func retryStorm() harness.Candidate {
	return spoiled("retry-storm",
		"Forgets to pause between two attempts (clientv3's KeepAliveOnce repeats a refused request at once).",
		gentleness, func(t *traits) { t.retry, t.mostRetry = time.Millisecond, 0 })
}
