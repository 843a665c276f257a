package lab

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// lanes are the drawings of what has happened so far. They are kept for a moment, so that many who look cost no more than one.
type lanes struct {
	mu    sync.Mutex
	drawn map[drawing]sketch
}

// drawing says what is drawn: the last seconds of the session, and how wide.
type drawing struct{ last, width int }

// sketch is a drawing and when it was made.
type sketch struct {
	at  time.Time
	svg []byte
}

// fresh is for how long a drawing is shown.
const fresh = 500 * time.Millisecond

// The limits of a drawing: the seconds that it shows, its width in pixels, and how many different ones are kept.
const (
	mostLast, leastLast   = 24 * 3600, 5
	mostWidth, leastWidth = 4000, 300
	mostDrawn             = 16
)

// getLanes answers with the lanes of the last seconds, as SVG.
func (s *session) getLanes(w http.ResponseWriter, r *http.Request) {
	if s.options.Draw == nil {
		fail(w, http.StatusNotFound, errors.New("this lab draws no lanes"))
		return
	}
	last, err := number(r, "last", 60, leastLast, mostLast)
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	width, err := number(r, "width", 1100, leastWidth, mostWidth)
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	svg, err := s.draw(drawing{last, width})
	if err != nil {
		fail(w, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = w.Write(svg) // the caller has gone
}

// number reads a number of the query.
func number(r *http.Request, name string, usual, least, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s=%s: want a number from %d to %d", name, text, least, most)
	}
	return n, nil
}

// draw draws the lanes, or returns a drawing that is fresh enough.
func (s *session) draw(d drawing) ([]byte, error) {
	s.lanes.mu.Lock()
	defer s.lanes.mu.Unlock()
	if known, ok := s.lanes.drawn[d]; ok && time.Since(known.at) < fresh {
		return known.svg, nil
	}
	if s.lanes.drawn == nil || len(s.lanes.drawn) >= mostDrawn {
		s.lanes.drawn = map[drawing]sketch{}
	}
	r := s.soFar()
	var svg bytes.Buffer
	from := max(0, r.Record.End-time.Duration(d.last)*time.Second)
	if err := s.options.Draw(&svg, r, from, d.width); err != nil {
		return nil, fmt.Errorf("draw the lanes: %w", err)
	}
	s.lanes.drawn[d] = sketch{time.Now(), svg.Bytes()}
	return svg.Bytes(), nil
}

// soFar is the result of the session as it would be drawn now. It has no verdicts: those are given in the end.
func (s *session) soFar() *harness.Result {
	r := &harness.Result{
		Scenario: "lab", Engine: "embedded", Manager: s.candidate.Name, Workload: s.workload().Name, Seed: s.options.Seed, Outcome: record.NotJudged,
		Cause: "the session goes on", Record: s.world.SoFar(),
	}
	r.Virtual = r.Record.End
	return r
}
