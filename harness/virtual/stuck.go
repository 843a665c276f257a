package virtual

import (
	"fmt"
	"time"
)

// StuckError says that virtual time stood still, and names the goroutines that caused it: they wait for something outside the bubble, such
// as a socket, a file or a lock, or they do not wait at all. A run that is stuck says nothing about the manager.
type StuckError struct {
	For  time.Duration // by the wall clock
	busy error
}

func (e *StuckError) Error() string {
	return fmt.Sprintf("virtual time has stood still for %v: %v", e.For, e.busy)
}

// Stuck is true: it marks the error as one that cannot be judged, see harness.Engine.
func (e *StuckError) Stuck() bool { return true }
