package record

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Reached are the situations that the run reached, sorted. A situation is a few facts that held at one instant in one cluster, such as
//
//	Isolate on the watched leader
//	hung + unreachable, stale
//	stale over, claims up to date, nobody led
//
// without instants and names: members are named by what they are at that instant. Two runs that reached the same situations differ little in what they
// can show of a manager. Each situation joins only two or three facts, so that their number stays some hundreds, and what is new is worth looking at.
func (r *Record) Reached() []string {
	found := map[string]bool{}
	for _, t := range r.Tenures {
		r.tour(t).collect(found)
	}
	for _, o := range r.Others {
		for _, t := range o.Tenures {
			o.tour(t).collect(found)
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// tour goes through the instants of a tenure at which something changed.
type tour struct {
	record *Record
	tenure Tenure
	stops  []stop

	leader, first string // who leads now, and the member that served the first watch
	watches       map[int]Watch
	left          map[string]left // by key: the watch that was closed last
	faults        map[int]Fault
	claim         Claim
	stale         string
	lost          map[Lost]bool
	resting       bool
}

// stop is a change: it updates the state of the tour, and may add situations of its own.
type stop struct {
	at     time.Duration
	change func(found map[string]bool)
}

// left is a watch that was closed, and the class of the worst fault on its member then.
type left struct {
	member, because string
}

// tour makes the tour of a tenure.
func (r *Record) tour(t Tenure) *tour {
	o := &tour{
		record: r, tenure: t, watches: map[int]Watch{}, left: map[string]left{}, faults: map[int]Fault{}, lost: map[Lost]bool{}, stale: staleNot,
	}
	until := r.Until(t)
	// The order of these blocks decides the order of changes at one instant: faults first, since the rest follows from them.
	before := func(to time.Duration) bool { return to >= 0 && to < t.From }
	for i, f := range r.Faults {
		if f.Scope.Cluster != t.Cluster || before(f.To) {
			continue
		}
		o.stop(max(f.From, t.From), func(found map[string]bool) {
			o.faults[i] = f
			found[fmt.Sprintf("%s on %s", f.Kind(), o.place(f))] = true
			found[fmt.Sprintf("%s on %s, %s", class(f), o.place(f), o.lead())] = true
			if f.From < t.From {
				found["given during "+class(f)] = true
			}
		})
		if f.To >= 0 {
			o.stop(f.To, func(found map[string]bool) {
				if f.Kind() == "Compact" {
					found[fmt.Sprintf("Compact, %s, %s", o.seat(), o.stale)] = true
				}
				delete(o.faults, i)
			})
		}
	}
	for _, l := range r.Losses {
		if l.Cluster == t.Cluster && !before(l.To) {
			o.stop(max(l.From, t.From), func(map[string]bool) { o.lost[l.Of] = true })
			o.stop(r.Ended(l.To), func(map[string]bool) { delete(o.lost, l.Of) })
		}
	}
	for _, l := range r.Rests {
		if l.Cluster == t.Cluster && !before(l.To) {
			o.stop(max(l.From, t.From), func(map[string]bool) { o.resting = true })
			o.stop(r.Ended(l.To), func(map[string]bool) { o.resting = false })
		}
	}
	for _, l := range r.Leaders {
		if l.Cluster == t.Cluster {
			o.stop(max(l.At, t.From), func(map[string]bool) { o.leader = l.Member })
		}
	}
	o.stopAtWatches()
	o.stopAtWords()
	for _, s := range r.shades(t) {
		o.stop(s.at, func(map[string]bool) { o.stale = s.stale })
	}
	o.stops = slices.DeleteFunc(o.stops, func(s stop) bool { return s.at < t.From || s.at > until })
	slices.SortStableFunc(o.stops, func(a, b stop) int { return cmp.Compare(a.at, b.at) })
	return o
}

func (o *tour) stop(at time.Duration, change func(map[string]bool)) {
	o.stops = append(o.stops, stop{at, change})
}

// stopAtWatches stops at each watch that is opened or closed. A watch that takes the place of another one is a re-attachment.
func (o *tour) stopAtWatches() {
	for _, w := range o.record.Watches {
		if w.Cluster != o.tenure.Cluster || o.record.OfThing(w) {
			continue
		}
		o.stop(w.Opened, func(found map[string]bool) {
			o.watches[w.ID] = w
			if o.first == "" {
				o.first = w.Member
			}
			before, again := o.left[w.Key]
			if !again {
				return
			}
			to := "to another"
			switch {
			case w.Member == before.member:
				to = "to the same"
			case w.Member == o.leader:
				to = "to the leader"
			}
			found[fmt.Sprintf("re-attached %s, left because %s", to, before.because)] = true
			found[fmt.Sprintf("re-attached %s, %s there", to, o.worstOn(w.Member))] = true
		})
		if w.Closed >= 0 {
			o.stop(w.Closed, func(map[string]bool) {
				delete(o.watches, w.ID)
				o.left[w.Key] = left{member: w.Member, because: o.worstOn(w.Member)}
			})
		}
	}
}

// stopAtWords stops at everything that the manager said.
func (o *tour) stopAtWords() {
	mine := func(at time.Duration, cluster string) bool { return cluster == o.tenure.Cluster && at >= o.tenure.From }
	for _, h := range o.record.Healths {
		if mine(h.At, h.Cluster) {
			o.stop(h.At, func(map[string]bool) { o.claim = h.Claim })
		}
	}
	for _, e := range o.record.Errors {
		if mine(e.At, e.Cluster) {
			o.stop(e.At, func(found map[string]bool) { found[fmt.Sprintf("error %s during %s", errorKind(e), o.worst())] = true })
		}
	}
	for _, k := range o.record.Keys {
		if mine(k.At, k.Cluster) && len(k.Missing) > 0 {
			o.stop(k.At, func(found map[string]bool) { found["own keys missing during "+o.worst()] = true })
		}
	}
}

// collect adds the situations of the tour.
func (o *tour) collect(found map[string]bool) {
	for _, s := range o.stops {
		s.change(found)
		if o.first == "" && len(o.faults) == 0 {
			continue // the start, which all runs have
		}
		said := "claims nothing"
		if o.claim != ClaimsNothing {
			said = "claims " + string(o.claim)
		}
		found[fmt.Sprintf("%s, %s, %s", o.stale, said, o.lead())] = true
		found[fmt.Sprintf("%s, %s", o.seat(), o.lead())] = true
		for of := range o.lost {
			found[fmt.Sprintf("%s lost, %s, %s", of, o.stale, said)] = true
		}
		if o.resting {
			found["at rest during "+o.worst()] = true
		}
		classes := o.classes()
		for i, a := range classes {
			found[fmt.Sprintf("%s, %s", a, o.stale)] = true
			for _, b := range classes[i+1:] {
				found[fmt.Sprintf("%s + %s, %s", a, b, roughly(o.stale))] = true
			}
		}
		for _, f := range o.faults {
			found[fmt.Sprintf("%s, %s", f.Kind(), roughly(o.stale))] = true
		}
	}
	if o.tenure.To >= 0 {
		found["taken away during "+o.worst()] = true
	}
}

// lead says who leads, compared with the member that served the first watch.
func (o *tour) lead() string {
	switch o.leader {
	case "":
		return "nobody led"
	case o.first:
		return "the first watched led"
	}
	return "another led"
}

// seat says where the watches are.
func (o *tour) seat() string {
	on := map[string]bool{}
	for _, w := range o.watches {
		on[w.Member] = true
	}
	switch {
	case len(on) == 0:
		return "watch nowhere"
	case len(on) > 1:
		return "watches apart"
	case on[o.leader]:
		return "watch on the leader"
	}
	return "watch on a follower"
}

// place says on which members a fault is.
func (o *tour) place(f Fault) string {
	c, _ := o.record.Cluster(o.tenure.Cluster)
	watched := slices.ContainsFunc(slices.Collect(maps.Values(o.watches)), func(w Watch) bool { return slices.Contains(f.Scope.Members, w.Member) })
	leads := o.leader != "" && slices.Contains(f.Scope.Members, o.leader)
	switch {
	case len(f.Scope.Members) == 0 || len(f.Scope.Members) >= len(c.Members)-len(c.Gone):
		return "the cluster"
	case watched && leads:
		return "the watched leader"
	case watched:
		return "the watched"
	case leads:
		return "the leader"
	}
	return "others"
}

// classes are the classes of the faults in force, sorted. A class in force twice is there twice, since two faults of one class may take two members.
func (o *tour) classes() []string {
	var all []string
	for _, f := range o.faults {
		all = append(all, class(f))
	}
	slices.Sort(all)
	var most []string
	for i, c := range all {
		if i < 2 || all[i-2] != c {
			most = append(most, c)
		}
	}
	return most
}

// worst is the worst class of the faults in force.
func (o *tour) worst() string { return worst(slices.Collect(maps.Values(o.faults))) }

// worstOn is the worst class of the faults in force on a member.
func (o *tour) worstOn(member string) string {
	return worst(slices.DeleteFunc(slices.Collect(maps.Values(o.faults)), func(f Fault) bool {
		return len(f.Scope.Members) > 0 && !slices.Contains(f.Scope.Members, member)
	}))
}
