package oracle

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// IdleTimeout requires that a manager calls a watch idle when its idle timeout is over, neither early nor late, and never
// while nothing is wrong. A report is an error of a view that names an idle timeout. Of reports it requires that
//
//   - the timeout named is the one in force;
//   - some watch of the cluster fell silent at an instant L, and the report came between [bound.Bounds.IdleEarly] before and
//     [bound.Bounds.IdleLate] after L and the timeout (else it is early or late);
//   - between L and the report a fault was in force that may silence the cluster's watches (else it is a false alarm).
//
// And of watches: one that stayed open and silent for longer than the timeout and IdleLate, counted until the manager was
// closed, must be followed by a report of its cluster in just that window; one report may stand for several watches. That
// holds without a fault too: a manager that never asks for progress has nobody else to blame. A watch that the manager
// closed before its time is no matter.
//
// Under a silencing fault the member may not know everything, and gets the benefit of the doubt in three ways:
//
//   - Answers that it sent on a watch during the fault, or less than a heartbeat before, may not have arrived. Then L is
//     unknown: anywhere from half a timeout before the fault (longer gaps are on record) until the fault's end.
//   - A watch that it closed may be open as far as the manager knows.
//   - A watch that it holds open may have been given up. It needs no report if, since the fault began and until the report
//     was due, another watch on its key was opened, or the manager had another error to report of the cluster.
type IdleTimeout struct{}

// Name is "idle timeout".
func (IdleTimeout) Name() string { return "idle timeout" }

// Judge matches the reports with the silences of watches.
func (o IdleTimeout) Judge(r *record.Record) record.Verdict {
	var wrong []complaint
	said, watches := 0, 0
	var latest time.Duration
	for _, c := range r.Clusters {
		s := silencesOf(r, c.Name)
		watches += len(s.watches)
		for _, report := range s.reports {
			said++
			late, complaint := s.judgeReport(report)
			if complaint != nil {
				wrong = append(wrong, *complaint)
			}
			latest = max(latest, late)
		}
		wrong = append(wrong, s.unsaid()...)
	}
	switch {
	case len(wrong) > 0:
		return failed(o, "%s", firstAndWorst(r, wrong))
	case said == 0 && watches == 0:
		return notAsked(o, "the manager had no watch")
	case said == 0:
		return passed(o, "none said, none due, on %s", plural(watches, "watch", "watches"))
	}
	return passed(o, "%d said, the latest after %s", said, of(latest, r.Bounds().IdleLate()))
}

// complaint is one thing wrong, off by so much.
type complaint struct {
	cluster string
	at      time.Duration
	text    string
	off     time.Duration
}

func firstAndWorst(r *record.Record, wrong []complaint) string {
	slices.SortStableFunc(wrong, func(a, b complaint) int { return cmp.Compare(a.at, b.at) })
	first := wrong[0]
	worst := slices.MaxFunc(wrong, func(a, b complaint) int { return cmp.Compare(a.off, b.off) })
	evidence := fmt.Sprintf("%s: %s; %s", first.cluster, first.text, r.Situation(first.cluster, first.at))
	if worst != first {
		evidence += fmt.Sprintf("; worst of %d: %s: %s", len(wrong), worst.cluster, worst.text)
	}
	return evidence
}

// judgeReport finds the silence that a report is about and says how late it came, or what is wrong with it.
func (s *silences) judgeReport(report record.ViewError) (late time.Duration, wrong *complaint) {
	complain := func(off time.Duration, format string, args ...any) (time.Duration, *complaint) {
		text := fmt.Sprintf("idle timeout of %s said at %s ", brief(report.Idle), record.Stamp(report.At))
		return 0, &complaint{s.cluster, report.At, text + fmt.Sprintf(format, args...), off}
	}
	b := s.record.Bounds()
	if set := b.Timing.IdleTimeout; report.Idle != set {
		return complain((report.Idle - set).Abs(), "where %s is in force", brief(set))
	}
	var unfounded *silence
	for _, q := range s.silent {
		due := q.from + report.Idle
		stayed := q.to >= due-b.IdleEarly() || q.closing && s.hushed(q.to, q.to)
		if !stayed || report.At < due-b.IdleEarly() || report.At > due+b.IdleLate() {
			continue
		}
		if s.hushed(q.from, report.At) {
			return max(0, report.At-due), nil
		}
		unfounded = &q
	}
	if s.doubtful(report) {
		return 0, nil
	}
	if unfounded != nil {
		return complain(report.Idle, "with no fault to silence %s, whose last answer was at %s: a false alarm",
			seat(unfounded.watch), record.Stamp(unfounded.from))
	}
	w, silent, exact := s.nearest(report)
	switch {
	case w == nil:
		return complain(report.Idle, "and no watch was open")
	case !exact:
		return complain(report.Idle-silent, "early: %s had answered less than %s before", seat(*w), brief(silent))
	case silent < report.Idle:
		return complain(report.Idle-silent, "early: %s had answered %s before", seat(*w), brief(silent))
	}
	s.late[w.ID] = true
	return complain(silent-report.Idle, "late: %s had been silent for %s", seat(*w), brief(silent))
}

// unsaid complains of each watch that was silent beyond its time with nothing said.
func (s *silences) unsaid() []complaint {
	b := s.record.Bounds()
	_, until, ok := s.record.Managed(s.cluster)
	if !ok {
		return nil
	}
	var wrong []complaint
	for _, q := range s.silent {
		due, to := q.from+b.Timing.IdleTimeout, min(q.to, until)
		// What was said late has been complained of.
		if to <= due+b.IdleLate() || s.late[q.watch.ID] || s.said(due) || s.givenUp(q, due+b.IdleLate()) {
			continue
		}
		wrong = append(wrong, complaint{s.cluster, due + b.IdleLate(), fmt.Sprintf(
			"the manager said nothing of %s, silent from %s to %s with an idle timeout of %s",
			seat(q.watch), record.Stamp(q.from), record.Stamp(to), brief(b.Timing.IdleTimeout)), to - due})
	}
	return wrong
}

func (s *silences) said(due time.Duration) bool {
	b := s.record.Bounds()
	return slices.ContainsFunc(s.reports, func(e record.ViewError) bool {
		return e.At >= due-b.IdleEarly() && e.At <= due+b.IdleLate()
	})
}

// givenUp says whether the manager may have left a watch before its report was due, without the member hearing of it.
func (s *silences) givenUp(q silence, due time.Duration) bool {
	began, hushed := s.firstHush(q.from, due)
	if !hushed {
		return false
	}
	since := max(began, q.watch.Opened)
	replaced := slices.ContainsFunc(s.watches, func(w record.Watch) bool {
		return w.ID != q.watch.ID && w.Key == q.watch.Key && w.Opened > since && w.Opened <= due
	})
	return replaced || slices.ContainsFunc(s.record.Errors, func(e record.ViewError) bool {
		return e.Cluster == s.cluster && e.Idle == 0 && e.At > since && e.At <= due
	})
}

func seat(w record.Watch) string {
	return fmt.Sprintf("the watch of %s on %s/%s", w.Key, w.Cluster, w.Member)
}
