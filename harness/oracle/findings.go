package oracle

import (
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// segment is a rising piece of a quantity over time, such as staleness. At an instant t in (from, to] its height is t − origin. If it is flat,
// its height is zero.
type segment struct {
	from, to time.Duration
	origin   time.Duration
	flat     bool
	what     fmt.Stringer // what has been waiting since origin; nil if flat
}

// limit is how high a segment may reach, and the name of the bound that it follows from.
type limit struct {
	value time.Duration
	name  string
}

// limitAt returns the limit at an instant; false if there is none. The limit changes only at the edges of the circumstances.
type limitAt func(at time.Duration) (limit, bool)

// findings compares the segments of all clusters with their limits. It keeps the first and the worst violation, and the segment that came
// closest to its limit.
type findings struct {
	judged, broken        bool // something was compared; something exceeded its limit
	closest, first, worst finding
}

// finding is the height of a segment at an instant. For the first violation, at is the instant at which it exceeds the limit; else it is
// the end of the time that was compared.
type finding struct {
	cluster string
	at      time.Duration
	until   time.Duration // the end of the time that was compared, in which the limit does not change
	height  time.Duration // at until
	limit   limit
	what    fmt.Stringer
}

func (f finding) share() float64 { return float64(f.height) / float64(f.limit.value) }

// judge compares the segments of a tenure with what is allowed. It cuts each segment where the limit may change. A segment rises with time,
// so between two cuts it is highest at the end.
func (t *findings) judge(c circumstances, segments []segment, allowed limitAt) {
	edges := c.edges
	for _, segment := range segments {
		for len(edges) > 0 && edges[0] <= segment.from {
			edges = edges[1:]
		}
		from := segment.from
		for _, edge := range edges {
			if edge >= segment.to {
				break
			}
			t.judgeSpan(c, segment, span{from, edge}, allowed)
			from = edge
		}
		t.judgeSpan(c, segment, span{from, segment.to}, allowed)
	}
}

func (t *findings) judgeSpan(c circumstances, segment segment, s span, allowed limitAt) {
	l, bounded := allowed(s.to)
	if s.from >= s.to || !bounded {
		return
	}
	f := finding{cluster: c.cluster, at: s.to, until: s.to, limit: l, what: segment.what}
	if !segment.flat {
		f.height = s.to - segment.origin
	}
	if !t.judged || f.share() > t.closest.share() {
		t.judged, t.closest = true, f
	}
	if f.height <= l.value {
		return
	}
	if !t.broken || f.share() > t.worst.share() {
		t.worst = f
	}
	f.at = max(s.from, segment.origin+l.value)
	if !t.broken || f.at < t.first.at {
		t.first = f
	}
	t.broken = true
}

// evidence describes the first violation and the worst.
func (t *findings) evidence(r *record.Record) string {
	f, w := t.first, t.worst
	showed := showedInstead(r, f.cluster, f.what, f.at)
	return fmt.Sprintf("%s: %s for longer than the %s allowed (%s)%s; %s; worst %s at %s (%s)",
		f.cluster, f.what, brief(f.limit.value), f.limit.name, showed, r.Situation(f.cluster, f.at),
		of(w.height, w.limit.value), record.Stamp(w.at), w.cluster)
}

// showedInstead says what the view showed of a subject, if it is an update of that subject that was not shown.
func showedInstead(r *record.Record, cluster string, what fmt.Stringer, at time.Duration) string {
	u, ok := what.(*unseen)
	if !ok {
		return ""
	}
	return "; " + r.Showed(cluster, u.Subject, at)
}

// margin describes the segment that came closest to its limit.
func (t *findings) margin() string {
	return fmt.Sprintf("worst %s (%s)", of(t.closest.height, t.closest.limit.value), t.closest.cluster)
}
