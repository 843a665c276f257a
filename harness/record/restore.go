package record

import (
	"maps"
	"slices"
	"time"
)

// History is how often a cluster had been restored from a backup by an instant.
func (r *Record) History(cluster string, at time.Duration) (n int) {
	for _, s := range r.Restores {
		if s.Cluster == cluster && s.At <= at {
			n++
		}
	}
	return n
}

// subjects are the subjects of a cluster that were written so far or are among the facts, of the kinds that the manager shows, in order.
func (r *Record) subjects(cluster string, facts map[Subject]string) []Subject {
	all := map[Subject]bool{}
	for _, c := range r.Commits {
		if c.Cluster == cluster {
			all[c.Subject] = true
		}
	}
	for s := range facts {
		if _, shown := r.Kind(s.Kind); shown {
			all[s] = true
		}
	}
	return slices.SortedFunc(maps.Keys(all), Subject.Compare)
}
