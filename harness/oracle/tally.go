package oracle

import (
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// tooth is a piece of a saw-tooth. After from and up to to its height is the time since origin; a flat one has no height.
type tooth struct {
	from, to time.Duration
	origin   time.Duration
	flat     bool
	what     fmt.Stringer // what has been waiting since origin; nil if flat
}

// limit is how high a tooth may reach, and the name of the bound that says so.
type limit struct {
	value time.Duration
	name  string
}

// law says how high a tooth may reach at an instant; false if it may reach anywhere. It changes only where circumstances do.
type law func(at time.Duration) (limit, bool)

// tally holds saw-teeth of all clusters against their laws, and keeps the first and the worst that reached too high, and
// the one that came closest.
type tally struct {
	judged, broken        bool
	closest, first, worst finding
}

// finding is a tooth at an instant.
type finding struct {
	cluster string
	at      time.Duration
	height  time.Duration
	limit   limit
	what    fmt.Stringer
}

func (f finding) share() float64 { return float64(f.height) / float64(f.limit.value) }

// judge holds a cluster's teeth against a law. A tooth rises throughout, so within a piece of time in which the law does not
// change it is highest at the end; it is cut where the law changes. What began before a loss of quorum ended counts from
// that end.
func (t *tally) judge(c circumstances, teeth []tooth, law law) {
	edges := c.edges()
	for _, tooth := range teeth {
		for len(edges) > 0 && edges[0] <= tooth.from {
			edges = edges[1:]
		}
		from := tooth.from
		for _, edge := range edges {
			if edge >= tooth.to {
				break
			}
			t.piece(c, tooth, span{from, edge}, law)
			from = edge
		}
		t.piece(c, tooth, span{from, tooth.to}, law)
	}
}

func (t *tally) piece(c circumstances, tooth tooth, s span, law law) {
	allowed, bounded := law(s.to)
	if s.from >= s.to || !bounded {
		return
	}
	f := finding{cluster: c.cluster, at: s.to, limit: allowed, what: tooth.what}
	origin := max(tooth.origin, c.lost.endedBefore(s.to))
	if !tooth.flat {
		f.height = s.to - origin
	}
	if !t.judged || f.share() > t.closest.share() {
		t.judged, t.closest = true, f
	}
	if f.height <= allowed.value {
		return
	}
	if !t.broken || f.share() > t.worst.share() {
		t.worst = f
	}
	f.at = max(s.from, origin+allowed.value)
	f.height = f.at - origin
	if !t.broken || f.at < t.first.at {
		t.first = f
	}
	t.broken = true
}

// evidence tells the first violation and the worst.
func (t *tally) evidence(r *record.Record) string {
	f, w := t.first, t.worst
	return fmt.Sprintf("%s: %s for longer than the %s allowed (%s bound); %s; worst %s at %s (%s)",
		f.cluster, f.what, brief(f.limit.value), f.limit.name, r.Situation(f.cluster, f.at),
		of(w.height, w.limit.value), record.Stamp(w.at), w.cluster)
}

// margin tells how close it came.
func (t *tally) margin() string {
	return fmt.Sprintf("worst %s (%s)", of(t.closest.height, t.closest.limit.value), t.closest.cluster)
}
