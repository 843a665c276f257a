package oracle

import (
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Freshness requires that a view is never staler than what is allowed at that instant:
//
//   - until the view was complete for the first time, but no longer than [bound.Bounds.Start] after the manager was given the
//     cluster, anything;
//   - while the cluster has no quorum, anything; afterwards an update that was committed before the quorum was back counts
//     from then on;
//   - while a fault is on the cluster, and for [bound.Bounds.Failover] after its end, that same bound: it must be fresh again
//     when the bound has passed;
//   - otherwise [bound.Bounds.Calm].
//
// Between the points of the series staleness rises with time, so it is judged at points and wherever the allowance drops.
type Freshness struct{}

// Name is "freshness".
func (Freshness) Name() string { return "freshness" }

// Judge holds every cluster's staleness against what is allowed.
func (o Freshness) Judge(r *record.Record) record.Verdict {
	var t tally
	for _, cluster := range r.Clusters {
		if c, ok := circumstancesOf(r, cluster); ok {
			t.judge(c, stalenessTeeth(r, cluster.Name), freshnessLaw(r, c))
		}
	}
	switch {
	case t.broken:
		return failed(o, "%s", t.evidence(r))
	case !t.judged:
		return notAsked(o, "the manager never had longer than its start with a quorum")
	}
	return passed(o, "%s", t.margin())
}

func freshnessLaw(r *record.Record, c circumstances) law {
	calm := limit{r.Bounds().Calm(), "calm"}
	failover := limit{r.Bounds().Failover(), "failover"}
	return func(at time.Duration) (limit, bool) {
		switch {
		case !c.judged.holds(at) || c.lost.hold(at):
			return limit{}, false
		case c.hurt.hold(at):
			return failover, true
		}
		return calm, true
	}
}

// stalenessTeeth are the pieces between the points of a cluster's staleness. Of the points that share an instant the first
// is the end of the piece before.
func stalenessTeeth(r *record.Record, cluster string) []tooth {
	points := r.Staleness(cluster)
	var teeth []tooth
	for i := 1; i < len(points); i++ {
		before, p := points[i-1], &points[i]
		if before.At == p.At {
			continue
		}
		t := tooth{from: before.At, to: p.At, flat: p.Staleness == 0}
		if !t.flat {
			t.origin, t.what = p.At-p.Staleness, (*unseen)(&p.Oldest)
		}
		teeth = append(teeth, t)
	}
	return teeth
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
