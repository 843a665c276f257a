package oracle

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// IdleTimeout requires that a manager reports a watch as idle when its idle timeout has passed, neither early nor late, and never
// while nothing is wrong. A report is an error of a view that names an idle timeout. Each report must meet three conditions:
//
//   - the timeout that it names is the one in force;
//   - some watch of the cluster fell silent at an instant L, and the report came between [bound.Bounds.IdleEarly] before and
//     [bound.Bounds.IdleLate] after L plus the timeout (else it is early or late); a fault that delays what
//     the member sends to clients makes L later by its delay;
//   - between L and the report a fault was in force that may silence watches on that member, or the watch began past what its member had
//     reached while a fault kept the member behind (else it is a false alarm).
//
// For watches it requires this: if a watch stays open and silent for longer than the timeout plus IdleLate, until the manager is closed at
// most, a report of its cluster must come in the same window; one report may count for several watches. This holds without a fault too,
// for then the watch is silent only because the manager never asks for progress. A watch that the manager closes earlier needs no report.
//
// A watch with which a manager waits for the owner of a thing does not count: nothing is shown from it.
//
// The record has what the members know. While a fault silences a watch, the manager may know less or more, so it gets the benefit of the
// doubt in three ways:
//
//   - Answers that the member sent on a watch during the fault, or less than a heartbeat and the delays of faults before it, may not have arrived. Then L is
//     unknown: anywhere from half a timeout before the fault (longer gaps are on record) until the end of the fault. A report that would be right for
//     any such L is right, and the watch needs no other.
//   - A watch that is closed at the member may still be open for the manager.
//   - A watch that is open at the member may have been closed by the manager. It needs no report if, after the fault began and before the
//     report was due, another watch on its key was opened or the manager reported another error of the cluster. Nor does it need one if,
//     while it was silent, the manager reported another watch on the same member as idle in time: it has then left the member with both.
type IdleTimeout struct{}

// Name is "idle timeout".
func (IdleTimeout) Name() string { return "idle timeout" }

// Judge matches the reports with the times in which watches were silent.
func (o IdleTimeout) Judge(r *record.Record) record.Verdict {
	if r.Timing.IdleTimeout == 0 {
		return notAsked(o, "the manager has no idle timeout")
	}
	j := judgeIdle(r)
	switch {
	case len(j.wrong) > 0:
		return firstAndWorst(o, r, j.wrong)
	case j.said == 0 && j.watches == 0:
		return notAsked(o, "the manager had no watch")
	case j.said == 0:
		return passed(o, "none said, none due, on %s", plural(j.watches, "watch", "watches"))
	}
	return passed(o, "%d said, the latest after %s", j.said, of(j.latest, r.Bounds().IdleLate()))
}

// idleReports is what the reports of idle watches of a run come to: how many there were, and on how many watches, what was wrong with them, and how
// late the latest of the right ones was.
type idleReports struct {
	said, watches int
	wrong         []violation
	latest        time.Duration
}

func judgeIdle(r *record.Record) (j idleReports) {
	for _, c := range r.Clusters {
		s := silencesOf(r, c.Name)
		j.watches += len(s.watches)
		for _, report := range s.reports {
			j.said++
			late, v := s.judgeReport(report)
			if v != nil {
				j.wrong = append(j.wrong, *v)
			}
			j.latest = max(j.latest, late)
		}
		j.wrong = append(j.wrong, s.unreported()...)
	}
	return j
}

// violation is one thing that a manager did wrong.
type violation struct {
	cluster string
	at      time.Duration
	text    string
	off     time.Duration // by how much, if it can be measured
}

// firstAndWorst is the verdict on violations. Its evidence is the first, and the worst besides.
func firstAndWorst(o Oracle, r *record.Record, wrong []violation) record.Verdict {
	slices.SortStableFunc(wrong, func(a, b violation) int { return cmp.Compare(a.at, b.at) })
	first := wrong[0]
	worst := slices.MaxFunc(wrong, func(a, b violation) int { return cmp.Compare(a.off, b.off) })
	evidence := fmt.Sprintf("%s: %s; %s", first.cluster, first.text, r.Situation(first.cluster, first.at))
	if worst != first && worst.off > first.off {
		evidence += fmt.Sprintf("; this is the first of %d violations, the worst is: %s: %s", len(wrong), worst.cluster, worst.text)
	} else if len(wrong) > 1 {
		evidence += fmt.Sprintf("; this is the first of %d violations", len(wrong))
	}
	return failed(o, first.cluster, first.at, "%s", evidence)
}

// judgeReport finds the silence that a report is about and returns how late the report came, or what is wrong with it.
func (s *silences) judgeReport(report record.ViewError) (late time.Duration, wrong *violation) {
	violated := func(off time.Duration, format string, args ...any) (time.Duration, *violation) {
		text := fmt.Sprintf("idle timeout of %s said at %s ", brief(report.Idle), record.Stamp(report.At))
		return 0, &violation{s.cluster, report.At, text + fmt.Sprintf(format, args...), off}
	}
	b := s.record.Bounds()
	if set := b.Timing.IdleTimeout; report.Idle != set {
		return violated((report.Idle - set).Abs(), "where %s is in force", brief(set))
	}
	var unfounded *silence
	for _, q := range s.silent {
		due := q.from + report.Idle
		stayed := q.to >= due-b.IdleEarly() || q.closing && s.maybeSilenced(q.watch, q.to, q.to)
		allowed := s.idleLate(q.watch, q.from)
		if !stayed || report.At < due-b.IdleEarly() || report.At > due+allowed {
			continue
		}
		if s.maybeSilenced(q.watch, q.from, report.At) {
			return max(0, report.At-due-(allowed-b.IdleLate())), nil
		}
		unfounded = &q
	}
	if s.doubtful(report) {
		return 0, nil
	}
	if unfounded != nil {
		return violated(report.Idle, "with no fault to silence %s, whose last answer was at %s: a false alarm%s",
			describeWatch(unfounded.watch), record.Stamp(unfounded.from), whySilent(unfounded.watch))
	}
	w, silent, exact := s.nearest(report)
	switch {
	case w == nil:
		return violated(report.Idle, "and no watch was open")
	case !exact:
		return violated(report.Idle-silent, "early: %s had answered less than %s before", describeWatch(*w), brief(silent))
	case silent < report.Idle:
		return violated(report.Idle-silent, "early: %s had answered %s before", describeWatch(*w), brief(silent))
	}
	s.late[w.ID] = true
	return violated(silent-report.Idle, "late: %s had been silent for %s", describeWatch(*w), brief(silent))
}

// unreported returns a violation for each watch that was silent for too long without a report.
func (s *silences) unreported() []violation {
	b := s.record.Bounds()
	var wrong []violation
	for _, q := range s.silent {
		tenure, ok := s.record.TenureAt(s.cluster, q.watch.Opened)
		if !ok {
			continue
		}
		heard, to := s.heardBy(q), min(q.to, s.record.Until(tenure))
		due := heard + b.Timing.IdleTimeout
		last := due + s.idleLate(q.watch, heard)
		// A late report is a violation already, see judgeReport.
		if to <= last || s.late[q.watch.ID] || s.reported(s.heardUntil(q)+b.Timing.IdleTimeout, last) || s.givenUp(q, last) {
			continue
		}
		wrong = append(wrong, violation{s.cluster, last, fmt.Sprintf(
			"the manager said nothing of %s, silent from %s to %s with an idle timeout of %s",
			describeWatch(q.watch), record.Stamp(q.from), record.Stamp(to), brief(b.Timing.IdleTimeout)), to - due})
	}
	return wrong
}

// reported says whether there was a report when it was due, and no later than last.
func (s *silences) reported(due, last time.Duration) bool {
	return slices.ContainsFunc(s.reports, func(e record.ViewError) bool {
		return e.At >= due-s.record.Bounds().IdleEarly() && e.At <= last
	})
}

// givenUp says whether the manager may have closed a watch before its report was due, without the member's knowledge.
func (s *silences) givenUp(q silence, due time.Duration) bool {
	began, maybeSilenced := s.firstSilencing(q.watch, q.from, due)
	if !maybeSilenced {
		return false
	}
	since := max(began, q.watch.Opened)
	replaced := slices.ContainsFunc(s.watches, func(w record.Watch) bool {
		return w.ID != q.watch.ID && w.Key == q.watch.Key && w.Opened > since && w.Opened <= due
	})
	return replaced || s.siblingReported(q, due) || slices.ContainsFunc(s.record.Errors, func(e record.ViewError) bool {
		return e.Cluster == s.cluster && e.Idle == 0 && e.At > since && e.At <= due
	})
}

// siblingReported says whether the manager reported another watch on the same member as idle in time, while this one was silent.
func (s *silences) siblingReported(q silence, by time.Duration) bool {
	b := s.record.Bounds()
	return slices.ContainsFunc(s.silent, func(other silence) bool {
		due := other.from + b.Timing.IdleTimeout
		return other.watch.ID != q.watch.ID && other.watch.Member == q.watch.Member &&
			slices.ContainsFunc(s.reports, func(e record.ViewError) bool {
				return e.At >= max(due-b.IdleEarly(), q.from) && e.At <= min(due+s.idleLate(other.watch, other.from), by)
			})
	})
}

// whySilent explains a watch that is silent although nothing is wrong, if the record knows a reason.
func whySilent(w record.Watch) string {
	if !w.Ahead {
		return ""
	}
	return "; the watch began after the newest revision of its member, and until the member has reached that, etcd answers no progress request on it"
}

func describeWatch(w record.Watch) string {
	return fmt.Sprintf("the watch of %s on %s/%s", w.Key, w.Cluster, w.Member)
}
