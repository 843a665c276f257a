package guard

import (
	"context"
	"time"
)

// jitter is how much a pause varies, so that many watches that failed together do not retry together.
const jitter = 0.1

// Backoff is a pause between attempts that doubles from Base to Limit and varies by 10 %. It is not for concurrent use.
type Backoff struct {
	Base, Limit time.Duration
	// Rand returns numbers in [0, 1).
	Rand func() float64

	last time.Duration
}

// Next returns the next pause. The one after it will be longer.
func (b *Backoff) Next() time.Duration {
	b.last = min(max(2*b.last, b.Base), b.Limit)
	return b.last + time.Duration(float64(b.last)*jitter*(2*b.Rand()-1))
}

// Reset makes the next pause the first one again.
func (b *Backoff) Reset() { b.last = 0 }

// Pause blocks for d. It returns false if the context ended first.
func Pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
