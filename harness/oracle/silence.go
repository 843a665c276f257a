package oracle

import (
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// silences are the watches of a cluster, their gaps between answers, the faults that may explain those, and what the manager
// said of them.
type silences struct {
	record  *record.Record
	cluster string
	watches []record.Watch
	silent  []silence
	faults  []record.Fault
	reports []record.ViewError
	late    map[int]bool // the watches, by ID, that a report was late for
}

// silence is a gap on a watch: from its last answer until the next one, its end, or the record's.
type silence struct {
	watch    record.Watch
	from, to time.Duration
	closing  bool // the watch's end
}

func silencesOf(r *record.Record, cluster string) *silences {
	s := &silences{record: r, cluster: cluster, late: map[int]bool{}}
	for _, w := range r.Watches {
		if w.Cluster != cluster {
			continue
		}
		s.watches = append(s.watches, w)
		for _, gap := range w.Silences {
			s.silent = append(s.silent, silence{watch: w, from: gap.From, to: gap.To})
		}
		s.silent = append(s.silent, silence{watch: w, from: w.Last, to: r.Ended(w.Closed), closing: w.Closed >= 0})
	}
	for _, f := range r.Faults {
		if f.Scope.Cluster == cluster && f.Scope.Silences {
			s.faults = append(s.faults, f)
		}
	}
	for _, e := range r.Errors {
		if e.Cluster == cluster && e.Idle > 0 {
			s.reports = append(s.reports, e)
		}
	}
	return s
}

// hushed says whether a silencing fault was in force some time from one instant to another.
func (s *silences) hushed(from, to time.Duration) bool {
	_, hushed := s.firstHush(from, to)
	return hushed
}

// firstHush is the beginning of the earliest silencing fault that was in force some time from one instant to another.
func (s *silences) firstHush(from, to time.Duration) (began time.Duration, hushed bool) {
	for _, f := range s.faults {
		if f.From <= to && s.record.Ended(f.To) >= from && (!hushed || f.From < began) {
			began, hushed = f.From, true
		}
	}
	return began, hushed
}

// doubtful says whether a report may be about a watch whose answers were sent and did not arrive.
func (s *silences) doubtful(report record.ViewError) bool {
	b := s.record.Bounds()
	for _, f := range s.faults {
		from, to := f.From-b.Timing.Heartbeat, min(s.record.Ended(f.To), report.At)
		if from > to {
			continue
		}
		for _, w := range s.watches {
			if w.Opened > to || !s.mayHaveAnswered(w, from, to) {
				continue
			}
			earliest := max(w.Opened, from-b.Timing.IdleTimeout/2) + report.Idle - b.IdleEarly()
			latest := to + report.Idle + b.IdleLate()
			stayed := w.Closed < 0 || w.Closed >= earliest || s.hushed(w.Closed, w.Closed)
			if stayed && report.At >= earliest && report.At <= latest {
				return true
			}
		}
	}
	return false
}

// mayHaveAnswered is false if the watch is known to have been silent all the time: gaps shorter than half an idle timeout are
// not on record.
func (s *silences) mayHaveAnswered(w record.Watch, from, to time.Duration) bool {
	for _, q := range s.silent {
		last := q.from == w.Last
		if q.watch.ID == w.ID && q.from < from && (last || q.to > to) {
			return false
		}
	}
	return true
}

// nearest is the open watch that came closest to the silence that a report speaks of, and for how long it had been silent by
// then. That is not exact for a watch that had answered within half an idle timeout.
func (s *silences) nearest(report record.ViewError) (nearest *record.Watch, silent time.Duration, exact bool) {
	for _, w := range s.watches {
		if w.Opened > report.At || w.Closed >= 0 && w.Closed < report.At {
			continue
		}
		length, known := s.record.Timing.IdleTimeout/2, false
		for _, q := range s.silent {
			if q.watch.ID == w.ID && q.from <= report.At && report.At <= q.to {
				length, known = report.At-q.from, true
			}
		}
		if nearest == nil || (length-report.Idle).Abs() < (silent-report.Idle).Abs() {
			nearest, silent, exact = &w, length, known
		}
	}
	return nearest, silent, exact
}
