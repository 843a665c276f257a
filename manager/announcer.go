package manager

import "sync"

// announcer calls Config.OnChange with changes, in the order in which they were added. It has a goroutine of its own, so that no
// watch waits for that function.
type announcer struct {
	call func(cluster string, v View)
	// wake has a buffer of one, so that add never blocks.
	wake chan struct{}

	// From pending on, mu guards the fields.
	mu      sync.Mutex
	pending []announcement
	ended   bool
}

type announcement struct {
	cluster string
	view    View
}

func newAnnouncer(call func(string, View)) *announcer {
	return &announcer{call: call, wake: make(chan struct{}, 1)}
}

func (a *announcer) add(cluster string, v View) {
	if a.call == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending = append(a.pending, announcement{cluster, v})
	a.wakeUp()
}

// end makes run return once it has announced everything that was added before.
func (a *announcer) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	a.wakeUp()
}

func (a *announcer) wakeUp() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *announcer) run() {
	for range a.wake {
		todo, ended := a.take()
		for _, next := range todo {
			a.call(next.cluster, next.view)
		}
		if ended {
			return
		}
	}
}

func (a *announcer) take() ([]announcement, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	todo := a.pending
	a.pending = nil
	return todo, a.ended
}
