package lab

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/page/lanes"
)

// drawings are the lanes of what has happened so far. They are kept for a moment, so that many who look cost no more than one.
type drawings struct {
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
	s.drawings.mu.Lock()
	defer s.drawings.mu.Unlock()
	if known, ok := s.drawings.drawn[d]; ok && time.Since(known.at) < fresh {
		return known.svg, nil
	}
	if s.drawings.drawn == nil || len(s.drawings.drawn) >= mostDrawn {
		s.drawings.drawn = map[drawing]sketch{}
	}
	run := report.NewRun(s.soFar(), "")
	from := max(0, run.Record.End-1000*float64(d.last))
	cut(run.Record, from)
	var svg bytes.Buffer
	if err := lanes.Draw(&svg, run, lanes.Options{From: from, Begin: from, Width: d.width}); err != nil {
		return nil, err
	}
	s.drawings.drawn[d] = sketch{time.Now(), svg.Bytes()}
	return svg.Bytes(), nil
}

// cut leaves out what was over before an instant, so that the drawing of a long session is no larger than that of a short one.
func cut(r *report.Record, from float64) {
	over := func(to float64) bool { return to >= 0 && to < from }
	r.Commits = slices.DeleteFunc(r.Commits, func(c report.Commit) bool { return over(c.At) })
	r.Views = slices.DeleteFunc(r.Views, func(v report.View) bool { return over(v.At) })
	r.Errors = slices.DeleteFunc(r.Errors, func(e report.Error) bool { return over(e.At) })
	r.Watches = slices.DeleteFunc(r.Watches, func(w report.Watch) bool { return over(w.Closed) })
	r.Claims = slices.DeleteFunc(r.Claims, func(c report.Claim) bool { return over(c.To) })
	r.Holdings = slices.DeleteFunc(r.Holdings, func(h report.Holding) bool { return over(h.To) })
	r.Faults = slices.DeleteFunc(r.Faults, func(f report.Fault) bool { return over(f.To) })
	r.Staleness = slices.DeleteFunc(r.Staleness, func(s report.Staleness) bool { return over(s.To) })
	for i := range r.Staleness {
		s := &r.Staleness[i]
		// The last point before the instant is where the curve enters the picture.
		if first := slices.IndexFunc(s.Points, func(p [2]float64) bool { return p[0] >= from }); first > 0 {
			s.Points = s.Points[first-1:]
		}
		s.Limits = slices.DeleteFunc(s.Limits, func(l report.Limit) bool { return over(l.To) })
	}
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
