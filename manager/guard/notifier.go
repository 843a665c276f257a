package guard

import "sync"

// notifier wakes all goroutines that wait for a change. A goroutine that waits must first take the channel, then check
// the state, and then wait on the channel, so that it misses no change.
type notifier struct {
	// From next on, mu guards the fields.
	mu   sync.Mutex
	next chan struct{}
}

func (n *notifier) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next == nil {
		n.next = make(chan struct{})
	}
	return n.next
}

func (n *notifier) notify() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next != nil {
		close(n.next)
		n.next = nil
	}
}
