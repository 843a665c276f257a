package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/soak"
)

// soakProgress shows how far a soak has come: how many runs are done, how fast they are made, how many failed, and how long the soak will take.
type soakProgress struct {
	*progress
	length time.Duration // zero: the soak ends with its last seed
	total  int           // zero: it ends with its time

	mu               sync.Mutex // guards the fields below
	before           int        // how many runs are of earlier starts
	ran              time.Duration
	failed, unjudged int
	explained        []string // what is being explained
}

// newSoakProgress starts the display. The caller must close it.
func newSoakProgress(out io.Writer, p soak.Params) *soakProgress {
	s := &soakProgress{length: time.Duration(p.For), total: p.Seeds()}
	shown := s.total
	if s.length > 0 {
		shown = 0
	}
	s.progress = newStatus(out, shown, s.status)
	return s
}

// resumed counts a run of an earlier start.
func (s *soakProgress) resumed(l soak.Line) {
	s.skip()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before++
	s.ran = max(s.ran, time.Duration(l.Elapsed*float64(time.Millisecond)))
	s.count(l)
}

// done counts a run, and prints a line if it did not pass.
func (s *soakProgress) done(l soak.Line) {
	s.mu.Lock()
	s.count(l)
	s.mu.Unlock()
	outcome := outcomeText(l.Outcome)
	var oracles []string
	for _, f := range l.Failed {
		oracles = append(oracles, f.Oracle)
	}
	if len(oracles) > 0 {
		outcome += " " + strings.Join(oracles, ", ")
	}
	took := time.Duration(l.Wall * float64(time.Millisecond))
	passed := l.Outcome == record.Passed || l.Outcome == record.NotAsked
	s.end(fmt.Sprintf("seed %d", l.Seed), outcome, &harness.Result{Outcome: l.Outcome, Cause: l.Cause, Wall: took}, passed)
}

// count counts the outcome of a run. The caller holds s.mu.
func (s *soakProgress) count(l soak.Line) {
	switch l.Outcome {
	case record.Failed:
		s.failed++
	case record.NotJudged:
		s.unjudged++
	}
}

// explaining shows that the cause of a failure is being looked for, until the caller calls the returned function.
func (s *soakProgress) explaining(seed uint64, oracle string) (end func()) {
	s.say(fmt.Sprintf("seed %d failed %s: looking for the cause", seed, oracle))
	s.mu.Lock()
	defer s.mu.Unlock()
	what := fmt.Sprint(seed)
	s.explained = append(s.explained, what)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, one := range s.explained {
			if one == what {
				s.explained = append(s.explained[:i], s.explained[i+1:]...)
				return
			}
		}
	}
}

// status is the line that is shown all the time. done is the number of runs, those of earlier starts included.
func (s *soakProgress) status(done int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	took := time.Since(s.began)
	rate := float64(done-s.before) / took.Seconds()
	text := fmt.Sprintf("%s, %.1f a second, %d failed", (s.ran + took).Round(time.Second), rate, s.failed)
	if s.unjudged > 0 {
		text += fmt.Sprintf(", %d not judged", s.unjudged)
	}
	if left, known := s.left(done, rate, took); known {
		text += ", " + left.Round(time.Second).String() + " left"
	}
	if len(s.explained) > 0 {
		text += ", explaining " + strings.Join(s.explained, ", ")
	}
	return text
}

// left is how long the soak will go on. The caller holds s.mu.
func (s *soakProgress) left(done int, rate float64, took time.Duration) (left time.Duration, known bool) {
	if s.length > 0 {
		left, known = max(s.length-s.ran-took, 0), true
	}
	if rate > 0 && s.total > done {
		seeds := time.Duration(min(float64(s.total-done)/rate, 1e9) * float64(time.Second))
		if !known || seeds < left {
			left, known = seeds, true
		}
	}
	return left, known
}
