package oracle

import (
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// judgeStaleness compares the staleness in every tenure with what is allowed: if isolation is set, only while other clusters have a fault
// and this one has none; else only at all other times. An update that is not shown in time is one violation, however long it lasts. It is
// counted at the instant at which it first exceeds the limit.
//
// Between the points of the series staleness rises with time, so it is compared at the points and wherever the limit changes.
func judgeStaleness(r *record.Record, isolation bool) findings {
	var all findings
	for _, c := range allCircumstances(r) {
		allowed := func(at time.Duration) (limit, bool) {
			l, ok := c.at(at)
			return limit{l.Max, l.Why}, ok && !l.Any && !c.unseen
		}
		for _, wait := range waits(stalenessSegments(r, c.tenure)) {
			var one findings
			one.judge(c, wait, allowed)
			all.judge(c, wait, func(at time.Duration) (limit, bool) {
				decides := at
				if one.broken {
					decides = one.first.until
				}
				l, bounded := allowed(at)
				return l, bounded && c.othersOnly(decides) == isolation
			})
		}
	}
	return all
}

// waits groups the segments in which the view lacks the same update.
func waits(segments []segment) [][]segment {
	var all [][]segment
	for i, t := range segments {
		if i > 0 && !t.flat && !segments[i-1].flat && t.origin == segments[i-1].origin {
			all[len(all)-1] = append(all[len(all)-1], t)
			continue
		}
		all = append(all, []segment{t})
	}
	return all
}

// stalenessSegments are the segments between the points of a tenure's staleness. If two points share an instant, the first is the end of
// the segment before that instant.
func stalenessSegments(r *record.Record, tenure record.Tenure) []segment {
	points := r.Staleness(tenure)
	var segments []segment
	for i := 1; i < len(points); i++ {
		before, p := points[i-1], &points[i]
		if before.At == p.At {
			continue
		}
		t := segment{from: before.At, to: p.At, flat: p.Staleness == 0}
		if !t.flat {
			t.origin, t.what = p.At-p.Staleness, (*unseen)(&p.Oldest)
		}
		segments = append(segments, t)
	}
	return segments
}

// unseen is a committed update that a view does not show.
type unseen record.Commit

func (u *unseen) String() string {
	return fmt.Sprintf("%s was not shown", update(record.Commit(*u)))
}

// update prints a commit.
func update(c record.Commit) string {
	change := record.Change{Subject: c.Subject, Value: c.Value}
	return fmt.Sprintf("%s (revision %d, committed at %s)", change, c.Revision, record.Stamp(c.At))
}
