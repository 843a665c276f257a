package record

import (
	"sort"
	"time"
)

// Point is the staleness of a view at an instant. The series is a saw-tooth: two points share an instant where the view
// caught up.
type Point struct {
	At        time.Duration
	Staleness time.Duration
	// Oldest is the commit that was the oldest not shown, valid while Staleness is above zero.
	Oldest Commit
	// Newest is when the youngest update shown so far was begun; negative if there is none. What was begun after an instant
	// was surely committed after it.
	Newest time.Duration
}

// Staleness is the series of a cluster over the time it was the manager's (see [Record.Managed]): the age of the oldest
// committed update that the view did not show yet. Its first point is where that time begins, its last where it ends.
//
// A view shows an update if it shows its value or that of a later update of the same subject. Where values repeat (a
// backend is gone, back, gone again) the view is given the benefit of the doubt: the latest update with that value counts
// as shown.
func (r *Record) Staleness(cluster string) []Point {
	from, until, ok := r.Managed(cluster)
	if !ok || until < from {
		return nil
	}
	s := newSeries(from)
	for _, e := range r.steps(cluster) {
		if e.at > until {
			break
		}
		s.advance(e.at)
		if e.commit != nil {
			s.commit(*e.commit)
		} else {
			s.see(e.view.Changes)
		}
		if e.at > from {
			s.mark(e.at)
		}
	}
	if s.advance(until); len(s.points) == 0 {
		s.mark(from)
	}
	return s.points
}

// step is a commit or a view's change, whichever came next.
type step struct {
	at     time.Duration
	commit *Commit
	view   *View
}

func (r *Record) steps(cluster string) []step {
	var steps []step
	for i := range r.Commits {
		if r.Commits[i].Cluster == cluster {
			steps = append(steps, step{at: r.Commits[i].At, commit: &r.Commits[i]})
		}
	}
	for i := range r.Views {
		if r.Views[i].Cluster == cluster {
			steps = append(steps, step{at: r.Views[i].At, view: &r.Views[i]})
		}
	}
	// A commit and a view of the same instant: the commit first, so that seeing it at once costs nothing.
	sort.SliceStable(steps, func(i, j int) bool {
		if steps[i].at != steps[j].at {
			return steps[i].at < steps[j].at
		}
		return steps[i].commit != nil && steps[j].commit == nil
	})
	return steps
}

// series follows each subject's updates that the view does not show.
type series struct {
	start   time.Duration
	pending map[Subject][]Commit
	shown   map[Subject]string
	early   map[Subject]bool // shown, and its commit not yet known
	points  []Point
	newest  time.Duration // when the youngest update shown so far was begun
}

func newSeries(start time.Duration) *series {
	return &series{start: start, pending: map[Subject][]Commit{}, shown: map[Subject]string{}, early: map[Subject]bool{}, newest: -1}
}

func (s *series) commit(c Commit) {
	if s.shown[c.Subject] == c.Value {
		delete(s.pending, c.Subject)
		// The manager may have shown an update before its writer had the answer. A value that it shows from before,
		// or that nothing was ever shown where nothing is now, is no sign that it saw this update.
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

// older orders commits for good: one transaction may commit several subjects at one instant and revision, and evidence
// must not name another of them in every run.
func older(a, b Commit) bool {
	switch {
	case a.At != b.At:
		return a.At < b.At
	case a.Revision != b.Revision:
		return a.Revision < b.Revision
	case a.Subject.Kind != b.Subject.Kind:
		return a.Subject.Kind < b.Subject.Kind
	}
	return a.Subject.Name < b.Subject.Name
}

// advance adds the point just before whatever happens at an instant, and before the first of them the one where the series
// begins. What happened up to then counts, and leaves no points.
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

// MaxStaleness is the largest staleness of any cluster from the instant its view was first complete.
func (r *Record) MaxStaleness() time.Duration {
	var most time.Duration
	for _, c := range r.Clusters {
		fresh := false
		for _, p := range r.Staleness(c.Name) {
			fresh = fresh || p.Staleness == 0
			if fresh {
				most = max(most, p.Staleness)
			}
		}
	}
	return most
}
