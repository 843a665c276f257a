package record

import (
	"fmt"
	"time"
)

// LeaderAt is the member that a majority of the cluster followed at an instant, empty if there was none.
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

// Situation says in one sentence who led a cluster at an instant, where the manager's watches sat and which faults were in
// force: what a failed verdict owes its reader.
func (r *Record) Situation(cluster string, at time.Duration) string {
	leader := r.LeaderAt(cluster, at)
	if leader == "" {
		leader = "nobody"
	} else {
		leader = cluster + "/" + leader
	}
	seats := "nowhere"
	seen := map[string]bool{}
	for _, w := range r.WatchesAt(cluster, at) {
		seat := cluster + "/" + w.Member
		switch {
		case seen[seat]:
		case len(seen) == 0:
			seats = seat
		default:
			seats += " and " + seat
		}
		seen[seat] = true
	}
	faults := ""
	for _, f := range r.Faults {
		if f.From <= at && (f.To < 0 || f.To > at) {
			faults += ", " + f.Text + " in force"
		}
	}
	return fmt.Sprintf("at %s %s led, the watch sat on %s%s", Stamp(at), leader, seats, faults)
}

// Stamp prints an instant the way transcripts do, in seconds and milliseconds.
func Stamp(at time.Duration) string {
	return fmt.Sprintf("%.3fs", at.Round(time.Millisecond).Seconds())
}
