package oracle

import (
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// silences are the watches of a cluster, the times in which they were silent, the faults that may explain these, and the manager's idle
// reports.
type silences struct {
	record  *record.Record
	cluster string
	watches []record.Watch
	silent  []silence
	faults  []record.Fault
	reports []record.ViewError
	late    map[int]bool // the IDs of watches with a late report
}

// silence is a time without an answer on a watch: from one answer until the next one, the end of the watch, or the end of the record.
type silence struct {
	watch    record.Watch
	from, to time.Duration
	closing  bool // it ended because the watch was closed
}

func silencesOf(r *record.Record, cluster string) *silences {
	s := &silences{record: r, cluster: cluster, late: map[int]bool{}}
	for _, w := range r.Watches {
		if w.Cluster != cluster || r.OfThing(w) {
			continue
		}
		s.watches = append(s.watches, w)
		for _, gap := range w.Silences {
			s.silent = append(s.silent, silence{watch: w, from: gap.From, to: gap.To})
		}
		s.silent = append(s.silent, silence{watch: w, from: w.Last, to: r.Ended(w.Closed), closing: w.Closed >= 0})
	}
	for _, f := range r.Faults {
		if f.Scope.Cluster == cluster {
			s.faults = append(s.faults, f)
		}
	}
	// After a restore from a backup a watch may begin past what any member has reached, for as long as it takes to get there again.
	for _, again := range r.Restores {
		if c, _ := r.Cluster(cluster); again.Cluster == cluster {
			s.faults = append(s.faults, record.Fault{
				Text: "the restore", Scope: record.Scope{Cluster: cluster, Lagging: c.Members}, From: again.At, To: -1,
			})
		}
	}
	for _, e := range r.Errors {
		if e.Cluster == cluster && e.Idle > 0 {
			s.reports = append(s.reports, e)
		}
	}
	return s
}

// silencesWatch says whether a fault may silence a watch.
func silencesWatch(f record.Fault, w record.Watch) bool {
	return losesAnswers(f, w) || slices.Contains(f.Scope.Unasked, w.Member)
}

// losesAnswers says whether because of a fault an answer on a watch that the member sent may not have arrived.
func losesAnswers(f record.Fault, w record.Watch) bool {
	return slices.Contains(f.Scope.Silenced, w.Member) || w.Ahead && slices.Contains(f.Scope.Lagging, w.Member)
}

// holdsAnswers says whether a fault holds back what the member sends. Answers that are held back are not on record, and arrive when the fault ends.
func holdsAnswers(f record.Fault, w record.Watch) bool {
	return losesAnswers(f, w) && slices.Contains(f.Scope.Unreachable, w.Member)
}

// unrecorded is how long before a fault the last answer on record may be, if the member has sent others since: those that the fault holds back are not on
// record, nor are silences shorter than half an idle timeout. It is zero for a fault that holds nothing back.
func (s *silences) unrecorded(f record.Fault, w record.Watch) time.Duration {
	if holdsAnswers(f, w) {
		return s.record.Timing.IdleTimeout / 2
	}
	return 0
}

// maybeSilenced says whether a fault that may silence the watch was in force at some time between two instants.
func (s *silences) maybeSilenced(w record.Watch, from, to time.Duration) bool {
	_, maybeSilenced := s.firstSilencing(w, from, to)
	return maybeSilenced
}

// idleLate is [bound.Bounds.IdleLate] for a watch whose member sent its last answer at an instant, plus the delay that a fault added to that
// answer on its way.
func (s *silences) idleLate(w record.Watch, last time.Duration) time.Duration {
	late := s.record.Bounds().IdleLate()
	for _, f := range s.faults {
		if slices.Contains(f.Scope.Members, w.Member) && f.From <= last && s.record.Ended(f.To) >= last {
			late += f.Scope.Late
		}
	}
	return late
}

// onTheWay is how long before an instant the member may have sent an answer that had not arrived by then: a heartbeat, plus the delays of faults.
func (s *silences) onTheWay(w record.Watch, at time.Duration) time.Duration {
	longest := s.record.Bounds().Timing.Heartbeat
	for _, f := range s.faults {
		if slices.Contains(f.Scope.Members, w.Member) && f.From <= at && s.record.Ended(f.To) >= at-f.Scope.Late {
			longest += f.Scope.Late
		}
	}
	return longest
}

// firstSilencing returns when the earliest fault began that may silence the watch and was in force at some time between two instants.
func (s *silences) firstSilencing(w record.Watch, from, to time.Duration) (began time.Duration, maybeSilenced bool) {
	for _, f := range s.faults {
		if silencesWatch(f, w) && f.From <= to && s.record.Ended(f.To) >= from && (!maybeSilenced || f.From < began) {
			began, maybeSilenced = f.From, true
		}
	}
	return began, maybeSilenced
}

// heardUntil is the earliest instant at which the manager may have received the last answer of a watch before a silence: the begin of the silence, or an
// earlier one if a fault may have lost the answers since then.
func (s *silences) heardUntil(q silence) time.Duration {
	b := s.record.Bounds()
	heard := q.from
	for _, f := range s.faults {
		from := f.From - s.onTheWay(q.watch, f.From)
		if losesAnswers(f, q.watch) && from <= q.from && q.from <= s.record.Ended(f.To) {
			heard = min(heard, max(q.watch.Opened, from-b.Timing.IdleTimeout/2))
		}
	}
	return heard
}

// heardBy is the latest instant at which the manager may have received the last answer of a watch before a silence: the end of a fault that may have held
// that answer back, or later ones, if the fault ended before the report was due. Until a fault ends that ended later, a manager has heard only what came
// before.
func (s *silences) heardBy(q silence) time.Duration {
	heard := q.from
	for again := true; again; {
		again = false
		for _, f := range s.faults {
			ended := s.record.Ended(f.To)
			heldBack := losesAnswers(f, q.watch) && f.From <= heard+max(s.onTheWay(q.watch, heard), s.unrecorded(f, q.watch)) && heard < ended
			if heldBack && ended < q.from+s.record.Timing.IdleTimeout {
				heard, again = ended, true
			}
		}
	}
	return heard
}

// doubtful says whether a report may be about a watch whose answers were sent but did not arrive.
func (s *silences) doubtful(report record.ViewError) bool {
	b := s.record.Bounds()
	for _, f := range s.faults {
		to := min(s.record.Ended(f.To), report.At)
		for _, w := range s.watches {
			from := f.From - s.onTheWay(w, f.From)
			if from > to || !losesAnswers(f, w) || w.Opened > to || !s.mayHaveAnswered(w, from-s.unrecorded(f, w), to) {
				continue
			}
			earliest := max(w.Opened, from-b.Timing.IdleTimeout/2) + report.Idle - b.IdleEarly()
			latest := to + report.Idle + s.idleLate(w, to)
			stayed := w.Closed < 0 || w.Closed >= earliest || s.maybeSilenced(w, w.Closed, w.Closed)
			if stayed && report.At >= earliest && report.At <= latest {
				return true
			}
		}
	}
	return false
}

// mayHaveAnswered is false if the watch is known to have been silent all the time between two instants. Silences shorter than half an
// idle timeout are not on record.
func (s *silences) mayHaveAnswered(w record.Watch, from, to time.Duration) bool {
	for _, q := range s.silent {
		last := q.from == w.Last
		if q.watch.ID == w.ID && q.from < from && (last || q.to > to) {
			return false
		}
	}
	return true
}

// nearest is the open watch whose silence comes closest to the timeout that a report names, and how long it had been silent by then. The
// length is not exact if the watch had answered within half an idle timeout, since shorter silences are not on record.
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
