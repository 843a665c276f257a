package record

import (
	"fmt"
	"slices"
	"strings"
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
	faults := ""
	for _, f := range r.FaultsAt(at) {
		faults += ", " + f.Text + " in force"
	}
	return fmt.Sprintf("at %s %s%s", Stamp(at), r.Places(cluster, at), faults)
}

// FaultsAt are the faults that were in force at an instant, in the order in which they began.
func (r *Record) FaultsAt(at time.Duration) []Fault {
	var list []Fault
	for _, f := range r.Faults {
		if f.From <= at && (f.To < 0 || f.To > at) {
			list = append(list, f)
		}
	}
	return list
}

// Places says who led a cluster at an instant and on which members the manager's watches were.
func (r *Record) Places(cluster string, at time.Duration) string {
	leader := r.LeaderAt(cluster, at)
	if leader == "" {
		leader = "nobody"
	} else {
		leader = cluster + "/" + leader
	}
	watched := "no watch was open"
	for i, m := range r.WatchedAt(cluster, at) {
		if i == 0 {
			watched = "the watch was on " + cluster + "/" + m
		} else {
			watched += " and " + cluster + "/" + m
		}
	}
	return leader + " led, " + watched
}

// WatchedAt are the members that served a watch of the manager at an instant.
func (r *Record) WatchedAt(cluster string, at time.Duration) []string {
	var members []string
	for _, w := range r.WatchesAt(cluster, at) {
		if !slices.Contains(members, w.Member) {
			members = append(members, w.Member)
		}
	}
	return members
}

// Stamp prints an instant as transcripts do, in seconds with three decimals.
func Stamp(at time.Duration) string {
	return fmt.Sprintf("%.3fs", at.Round(time.Millisecond).Seconds())
}

// Showed says in one sentence, for failed verdicts, what the manager showed of a subject at an instant, since when, what it claimed of its view, and the
// last error that it reported in that tenure.
func (r *Record) Showed(cluster string, s Subject, at time.Duration) string {
	t, ok := r.TenureAt(cluster, at)
	if !ok {
		return "the manager did not have the cluster"
	}
	during := func(when time.Duration, of string) bool { return of == cluster && t.From <= when && when <= at }
	value, since := "", time.Duration(-1)
	for _, v := range r.Views {
		for _, ch := range v.Changes {
			if ch.Subject == s && during(v.At, v.Cluster) {
				value, since = ch.Value, v.At
			}
		}
	}
	var said string
	switch {
	case since < 0:
		said = fmt.Sprintf("the view had never shown %s", s)
	case value == "":
		said = fmt.Sprintf("the view had shown no %s since %s", s, Stamp(since))
	default:
		said = fmt.Sprintf("the view showed %s, since %s", Change{s, value}, Stamp(since))
	}
	claim := ClaimsNothing
	for _, h := range r.Healths {
		if during(h.At, h.Cluster) {
			claim = h.Claim
		}
	}
	if claim != ClaimsNothing {
		said += ", and claimed to be " + string(claim)
	}
	last := ViewError{}
	for _, e := range r.Errors {
		if during(e.At, e.Cluster) {
			last = e
		}
	}
	if last.Text != "" {
		line, _, _ := strings.Cut(last.Text, "\n")
		said += fmt.Sprintf("; its last error, at %s: %s", Stamp(last.At), line)
	}
	return said
}
