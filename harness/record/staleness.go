package record

import (
	"cmp"
	"slices"
	"time"
)

// Point is the staleness of a view at an instant. In the series of points, staleness rises with time and drops when the view catches up. At
// a drop, two points share an instant: the first is before the drop, the second after it.
type Point struct {
	At        time.Duration
	Staleness time.Duration
	// Oldest is the oldest commit that the view did not show. It is valid if Staleness is above zero.
	Oldest Commit
	// Newest is when the newest update shown so far began; negative if there is none. It is the begin and not the commit, because an
	// update that began after an instant was certainly committed after it.
	Newest time.Duration
}

// Staleness is the series of a tenure: the age of the oldest committed update that the view did not show yet. Its first point is at the begin
// of the tenure, its last at the end (see [Record.Until]).
//
// A restore from a backup undoes updates: a view need not show them any more, but it must show what the backup has.
//
// A view shows an update if it shows the value of that update or of a later one of the same subject. If values repeat (a backend is gone,
// back, and gone again), the latest update with the shown value counts as shown, in the manager's favour.
func (r *Record) Staleness(t Tenure) []Point { return r.stalenessUntil(t, r.Until(t)) }

// stalenessUntil is the begin of the series of a tenure, up to an instant in that tenure.
func (r *Record) stalenessUntil(t Tenure, until time.Duration) []Point {
	if until < t.From {
		return nil
	}
	steps := r.steps(t, until)
	s := newSeries(t.From)
	s.points = make([]Point, 0, 2*len(steps)) // most steps are drops
	for _, e := range steps {
		s.advance(e.at)
		if e.commit != nil {
			s.commit(*e.commit)
		} else {
			s.see(e.view.Changes)
		}
		if e.at > t.From {
			s.mark(e.at)
		}
	}
	if s.advance(until); len(s.points) == 0 {
		s.mark(t.From)
	}
	return s.points
}

// step is a commit or a change of the view.
type step struct {
	at     time.Duration
	commit *Commit
	view   *View
}

// steps are the steps of a tenure up to an instant, in order: all commits in its cluster, and all changes of the view since the tenure began.
func (r *Record) steps(t Tenure, until time.Duration) []step {
	steps := make([]step, 0, len(r.Commits)+len(r.Views))
	for i := range r.Commits {
		if c := &r.Commits[i]; c.Cluster == t.Cluster && c.At <= until {
			steps = append(steps, step{at: c.At, commit: c})
		}
	}
	for i := range r.Views {
		if v := &r.Views[i]; v.Cluster == t.Cluster && t.From <= v.At && v.At <= until {
			steps = append(steps, step{at: v.At, view: v})
		}
	}
	// If a commit and a view share an instant, the commit comes first, so that a view that shows it at once has no staleness.
	slices.SortStableFunc(steps, func(a, b step) int {
		if a.at == b.at && (a.commit == nil) != (b.commit == nil) {
			if a.commit != nil {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.at, b.at)
	})
	return steps
}

// series computes staleness step by step. It keeps the updates of each subject that the view does not show.
type series struct {
	start   time.Duration
	pending map[Subject][]Commit // the updates that are not shown, the oldest first
	shown   map[Subject]string
	early   map[Subject]bool // the shown value is that of no commit so far
	points  []Point
	newest  time.Duration // when the newest update shown so far began; negative if there is none
}

func newSeries(start time.Duration) *series {
	return &series{start: start, pending: map[Subject][]Commit{}, shown: map[Subject]string{}, early: map[Subject]bool{}, newest: -1}
}

func (s *series) commit(c Commit) {
	if c.Restored {
		delete(s.pending, c.Subject) // they are undone
	}
	if s.shown[c.Subject] == c.Value {
		delete(s.pending, c.Subject)
		// The manager may have shown this update before its writer had the response. If the value was shown because of an earlier
		// update, or nothing was ever shown and the value is empty, the manager need not have seen this update.
		if s.early[c.Subject] {
			delete(s.early, c.Subject)
			s.newest = max(s.newest, c.Begun)
		}
		return
	}
	s.pending[c.Subject] = append(s.pending[c.Subject], c)
}

func (s *series) see(changes []Change) {
	for _, ch := range changes {
		s.shown[ch.Subject] = ch.Value
		s.early[ch.Subject] = true
		updates := s.pending[ch.Subject]
		for i := len(updates) - 1; i >= 0; i-- {
			if updates[i].Value != ch.Value {
				continue
			}
			delete(s.early, ch.Subject)
			s.newest = max(s.newest, updates[i].Begun)
			if rest := updates[i+1:]; len(rest) > 0 {
				s.pending[ch.Subject] = rest
			} else {
				delete(s.pending, ch.Subject)
			}
			break
		}
	}
}

func (s *series) oldest() (Commit, bool) {
	var oldest Commit
	found := false
	for _, updates := range s.pending {
		c := updates[0]
		if !found || older(c, oldest) {
			oldest, found = c, true
		}
	}
	return oldest, found
}

// older is a total order of commits. One transaction may commit several subjects at one instant and revision, and all runs with the same
// history must name the same one in their evidence.
func older(a, b Commit) bool {
	switch {
	case a.At != b.At:
		return a.At < b.At
	case a.Revision != b.Revision:
		return a.Revision < b.Revision
	}
	return a.Subject.Compare(b.Subject) < 0
}

// advance adds a point for the instant at, with the state before the events of that instant. Events up to the start of the series update its
// state and add no points; the first event after the start also adds the point of the start.
func (s *series) advance(at time.Duration) {
	if at <= s.start {
		return
	}
	if len(s.points) == 0 {
		s.mark(s.start)
	}
	s.mark(at)
}

func (s *series) mark(at time.Duration) {
	p := Point{At: at, Newest: s.newest}
	if c, ok := s.oldest(); ok {
		p.Oldest = c
		p.Staleness = at - max(c.At, 0)
	}
	if n := len(s.points); n > 0 && s.points[n-1] == p {
		return
	}
	s.points = append(s.points, p)
}

// MaxStaleness is the largest staleness in any tenure, from the instant at which the view of that tenure was first complete.
func (r *Record) MaxStaleness() time.Duration {
	var most time.Duration
	for _, t := range r.Tenures {
		fresh := false
		for _, p := range r.Staleness(t) {
			fresh = fresh || p.Staleness == 0
			if fresh {
				most = max(most, p.Staleness)
			}
		}
	}
	return most
}
