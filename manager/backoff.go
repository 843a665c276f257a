package manager

import (
	"context"
	"time"
)

// jitter is how much a pause varies, so that many watches that failed together do not come back together.
const jitter = 0.1

// backoff is a pause that doubles from base to limit.
type backoff struct {
	base, limit time.Duration
	rand        func() float64
	last        time.Duration
}

func (b *backoff) next() time.Duration {
	b.last = min(max(2*b.last, b.base), b.limit)
	return b.last + time.Duration(float64(b.last)*jitter*(2*b.rand()-1))
}

func (b *backoff) reset() { b.last = 0 }

// pause waits for d. It is false when the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
