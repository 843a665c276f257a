package record

import "time"

// unknown returns the members of a cluster that the manager cannot know at an instant, because they joined lately.
func (r *Record) unknown(cluster string, at time.Duration) []string {
	var members []string
	for _, n := range r.Joined {
		if n.Cluster == cluster && !r.knows(n, at) {
			members = append(members, n.Member)
		}
	}
	return members
}

// knows says whether the manager must know a newcomer at an instant. It does if it was given the newcomer's endpoint, or had the time to learn
// of the newcomer from the member list. A manager that never reads the list knows only what it was given.
//
//	                joined             lost     back                  known
//	cluster           ├─────────────────┤        ├──────────────────────┤
//	served            └ < Discovered ───┘        └─ Discovered ─────────┘
//
// The list must be read through a member that the manager knows already, in a cluster that has a quorum, since the read is linearizable.
// While either is lost, each read fails. So the time counts from the end of the last loss, and what passed before counts for nothing, as
// the next read may have been due just when the loss began.
func (r *Record) knows(n Newcomer, at time.Duration) bool {
	switch {
	case n.Named >= 0 && n.Named <= at:
		return true
	case r.Timing.Sync == 0:
		return false
	}
	needed := r.Bounds().Discovered()
	served := n.At // since when the manager has been able to read the list
	for _, l := range r.Losses {
		switch {
		case l.Cluster != n.Cluster || l.From > at:
		case l.From-served >= needed:
			return true
		case l.To < 0:
			return false
		default:
			served = max(served, l.To)
		}
	}
	return at-served >= needed
}
