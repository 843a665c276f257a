package oracle

import (
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// circumstances are what a cluster went through, as far as it decides how long things may take there.
type circumstances struct {
	cluster string
	// judged begins when the view was complete for the first time, or when the manager has had its time to start, and ends when
	// the cluster ceases to be the manager's.
	judged span
	// lost is time without a quorum, hurt time with a fault on the cluster or less than the failover bound after one,
	// elsewhere time with a fault on another cluster.
	lost, hurt, elsewhere spans
}

// circumstancesOf is false for a cluster that the manager never had.
func circumstancesOf(r *record.Record, c record.Cluster) (circumstances, bool) {
	from, until, ok := r.Managed(c.Name)
	if !ok {
		return circumstances{}, false
	}
	b := r.Bounds()
	var lost, hurt, elsewhere []span
	for _, q := range r.Quorum {
		if q.Cluster == c.Name {
			lost = append(lost, span{q.From, r.Ended(q.To)})
		}
	}
	for _, f := range r.Faults {
		switch f.Scope.Cluster {
		case c.Name:
			hurt = append(hurt, span{f.From, r.Ended(f.To) + b.Failover()})
		case "": // nobody's in particular
		default:
			elsewhere = append(elsewhere, span{f.From, r.Ended(f.To)})
		}
	}
	return circumstances{
		cluster:   c.Name,
		judged:    span{started(r, c.Name, from+b.Start(len(c.Members))), until},
		lost:      union(lost),
		hurt:      union(hurt),
		elsewhere: union(elsewhere),
	}, true
}

// started is when a view of the cluster was complete for the first time, with something to show, but at the latest by.
func started(r *record.Record, cluster string, by time.Duration) time.Duration {
	for _, p := range r.Staleness(cluster) {
		if p.At >= by {
			break
		}
		if p.Staleness == 0 && p.Newest >= 0 {
			return p.At
		}
	}
	return by
}

// edges are the instants at which the circumstances change, in order.
func (c circumstances) edges() []time.Duration {
	edges := []time.Duration{c.judged.from, c.judged.to}
	edges = c.lost.edges(edges)
	edges = c.hurt.edges(edges)
	edges = c.elsewhere.edges(edges)
	slices.Sort(edges)
	return slices.Compact(edges)
}
