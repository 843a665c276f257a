package record

import (
	"fmt"
	"time"
)

// LeaderAt is the member that a majority of the cluster followed at an instant; empty if there was none.
func (r *Record) LeaderAt(cluster string, at time.Duration) string {
	leader := ""
	for _, l := range r.Leaders {
		if l.Cluster == cluster && l.At <= at {
			leader = l.Member
		}
	}
	return leader
}

// WatchesAt are the manager's watches on a cluster that were open at an instant.
func (r *Record) WatchesAt(cluster string, at time.Duration) []Watch {
	var open []Watch
	for _, w := range r.Watches {
		if w.Cluster == cluster && w.Opened <= at && (w.Closed < 0 || w.Closed > at) {
			open = append(open, w)
		}
	}
	return open
}

// Situation says in one sentence, for failed verdicts, who led a cluster at an instant, on which members the manager's watches were, and
// which faults were in force.
func (r *Record) Situation(cluster string, at time.Duration) string {
	leader := r.LeaderAt(cluster, at)
	if leader == "" {
		leader = "nobody"
	} else {
		leader = cluster + "/" + leader
	}
	watched := "no watch was open"
	seen := map[string]bool{}
	for _, w := range r.WatchesAt(cluster, at) {
		on := cluster + "/" + w.Member
		switch {
		case seen[on]:
		case len(seen) == 0:
			watched = "the watch was on " + on
		default:
			watched += " and " + on
		}
		seen[on] = true
	}
	faults := ""
	for _, f := range r.Faults {
		if f.From <= at && (f.To < 0 || f.To > at) {
			faults += ", " + f.Text + " in force"
		}
	}
	return fmt.Sprintf("at %s %s led, %s%s", Stamp(at), leader, watched, faults)
}

// Stamp prints an instant as transcripts do, in seconds with three decimals.
func Stamp(at time.Duration) string {
	return fmt.Sprintf("%.3fs", at.Round(time.Millisecond).Seconds())
}
