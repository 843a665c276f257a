package harness

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// StalledError says that the machine kept the goroutines of a run waiting for longer than Timing.Slack allows. Nobody knows then what the clusters and the
// manager would have done on a machine that keeps up, so a run that did not pass is not judged. A run that passed has passed all the same.
type StalledError struct {
	// Late is how late the longest series of wakeups was, and Slack how late it may have been.
	Late, Slack time.Duration
	// At is when that was, since the beginning of the world.
	At time.Duration
}

func (e *StalledError) Error() string {
	return fmt.Sprintf("the machine kept goroutines waiting for %v, at %.3fs, and the timing in force allows %v",
		e.Late.Round(time.Millisecond), e.At.Seconds(), e.Slack)
}

// pathLength is how many goroutines an update passes through, about, from the program that writes it to the manager's view. Each of them may have to
// wait for a processor, and Timing.Slack is what all of them may wait together.
const pathLength = 8

// stallWatch measures how late the machine wakes up goroutines: it wakes up regularly, and adds up how late it was in pathLength wakeups in a row.
type stallWatch struct {
	slack time.Duration
	now   func() time.Duration // since the beginning of the world
	quit  chan struct{}
	done  sync.WaitGroup

	worst StalledError // belongs to the goroutine until done
}

// watchStalls starts measuring. Without slack, as in virtual time, there is nothing to measure, and it returns nil.
func watchStalls(slack time.Duration, now func() time.Duration) *stallWatch {
	if slack <= 0 {
		return nil
	}
	s := &stallWatch{slack: slack, now: now, quit: make(chan struct{}), worst: StalledError{Slack: slack}}
	s.done.Go(s.run)
	return s
}

func (s *stallWatch) run() {
	every := s.slack / 50
	timer := time.NewTimer(every)
	defer timer.Stop()
	var path lateness
	for due := time.Now().Add(every); ; due = time.Now().Add(every) {
		select {
		case <-s.quit:
			return
		case <-timer.C:
		}
		if late := path.add(time.Since(due)); late > s.worst.Late {
			s.worst.Late, s.worst.At = late, s.now()
		}
		timer.Reset(every)
	}
}

// stop ends measuring, and returns an error if the machine was later than the slack. It blocks until the goroutine has ended.
func (s *stallWatch) stop() *StalledError {
	if s == nil {
		return nil
	}
	close(s.quit)
	s.done.Wait()
	if s.worst.Late <= s.slack {
		return nil
	}
	return &s.worst
}

// lateness is how late the last pathLength wakeups were.
type lateness struct {
	last [pathLength]time.Duration
	next int
}

// add adds a wakeup and returns how late the last pathLength were together.
func (l *lateness) add(late time.Duration) (together time.Duration) {
	l.last[l.next] = max(late, 0)
	l.next = (l.next + 1) % pathLength
	for _, d := range l.last {
		together += d
	}
	return together
}

// attempts is how often Repeat makes a run, at most.
const attempts = 3

// Repeat makes a run, and makes it again while the machine spoils it by a stall, see [StalledError]: three times in all. It tells the test of each repetition.
func Repeat(t testing.TB, run func() *Result) *Result {
	t.Helper()
	for made := 1; ; made++ {
		r := run()
		if r.Stalled == nil || r.Outcome != record.NotJudged || r.Usage || made == attempts {
			return r
		}
		t.Logf("repeated, since the machine stalled: %s", r)
	}
}
