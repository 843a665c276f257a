package oracle

import (
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// circumstances are what happened to a cluster during one tenure, as far as it decides how long things may take there.
type circumstances struct {
	cluster string
	tenure  record.Tenure
	until   time.Duration
	limits  []record.Limit
	unseen  bool // the view could not be read, which Honesty judges
	// own is time with a fault on the cluster, elsewhere time with a fault on another cluster. A fault that misleads managers counts until they must have
	// read the member list again.
	own, elsewhere spans
	// edges are the instants at which the circumstances change, in order.
	edges []time.Duration
}

// allCircumstances returns the circumstances of every tenure.
func allCircumstances(r *record.Record) []circumstances {
	all := make([]circumstances, len(r.Tenures))
	for i, t := range r.Tenures {
		var own, elsewhere []span
		for _, f := range r.Faults {
			s := span{f.From, r.Ended(f.To)}
			if f.Scope.Misleading {
				s.to = min(s.to+r.Bounds().Discovered(), r.End)
			}
			switch f.Scope.Cluster {
			case t.Cluster:
				own = append(own, s)
			case "": // of no particular cluster
			default:
				elsewhere = append(elsewhere, s)
			}
		}
		c := circumstances{
			cluster: t.Cluster, tenure: t, until: r.Until(t), limits: r.Allowed(t), own: union(own), elsewhere: union(elsewhere),
			unseen: r.Unseen(t),
		}
		for _, l := range c.limits {
			c.edges = append(c.edges, l.From, l.To)
		}
		c.edges = c.elsewhere.edges(c.own.edges(c.edges))
		slices.Sort(c.edges)
		c.edges = slices.Compact(c.edges)
		all[i] = c
	}
	return all
}

// at returns the limit at an instant; false outside the tenure.
func (c circumstances) at(at time.Duration) (record.Limit, bool) {
	for _, l := range c.limits {
		if l.From < at && at <= l.To {
			return l, true
		}
	}
	return record.Limit{}, false
}

// othersOnly says whether at an instant other clusters have a fault and this one has none.
func (c circumstances) othersOnly(at time.Duration) bool {
	return c.elsewhere.hold(at) && !c.own.hold(at)
}
