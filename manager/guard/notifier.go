package guard

import "sync"

// notifier wakes everyone who waits for something to change. Whoever waits takes the channel first, looks second and
// waits third: then no change is missed.
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
