package flawed

import (
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// stuckView blocks in View from ten seconds after its start on. It goes on pushing views, so that nothing else is wrong with it.
func stuckView() harness.Candidate {
	return cheater("stuck-view", "Stops answering when asked what it believes, until it is closed.",
		func(m harness.Manager) harness.Manager {
			return &stuck{Manager: m, began: time.Now(), closed: make(chan struct{})}
		})
}

type stuck struct {
	harness.Manager
	began  time.Time
	once   sync.Once
	closed chan struct{}
}

// View blocks until the manager is closed, from ten seconds after its start on.
func (s *stuck) View(cluster string) (harness.View, bool) {
	if time.Since(s.began) > 10*time.Second {
		<-s.closed
	}
	return s.Manager.View(cluster)
}

// Push passes f to the manager.
func (s *stuck) Push(f func(string, harness.View)) { s.Manager.(harness.Pusher).Push(f) }

// Close releases the calls of View that block, and closes the manager.
func (s *stuck) Close() error {
	s.once.Do(func() { close(s.closed) })
	return s.Manager.Close()
}
