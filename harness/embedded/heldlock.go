package embedded

import (
	"context"
	"errors"
	"sync"
)

// heldLock says whether a fault holds a lock of etcd, so that others can wait until it does. The lock itself is elsewhere.
type heldLock struct {
	mu      sync.Mutex // guards the fields below
	held    bool
	changed chan struct{} // closed and replaced when held changes; nil while nobody waits for it
}

// take notes that the lock is held from now on.
func (h *heldLock) take() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(true)
}

// releaseUnless notes that the lock is about to be released and returns true, unless stay returns true: then it returns false, and the caller
// must keep the lock. So whoever switched the point on and found the lock held can rely on it until the point is healed.
func (h *heldLock) releaseUnless(stay func() bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if stay() {
		return false
	}
	h.set(false)
	return true
}

// set changes held. The caller holds h.mu.
func (h *heldLock) set(held bool) {
	h.held = held
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

// state is whether the lock is held, and a channel that is closed when that changes.
func (h *heldLock) state() (bool, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changed == nil {
		h.changed = make(chan struct{})
	}
	return h.held, h.changed
}

var errStopped = errors.New("the member stopped")

// await blocks until the lock is held. It returns an error if ctx ends first, or done is closed.
func (h *heldLock) await(ctx context.Context, done <-chan struct{}) error {
	for {
		held, changed := h.state()
		if held {
			return nil
		}
		select {
		case <-changed:
		case <-done:
			return errStopped
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
