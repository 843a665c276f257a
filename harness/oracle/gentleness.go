package oracle

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Gentleness requires that a manager does not burden the clusters that it watches:
//
//   - In each [bound.Bounds.Window] it sends a cluster no more dials, watches and other requests than [bound.Budgets] allows. The budget of calm counts
//     while nothing is wrong with the cluster, and the other while a fault is in force, a recovery from one is allowed, or the manager is not
//     ready yet: the harness may let it reach only some members at its start, to place it.
//   - A connection on which something is waited for, and whose member cannot be heard because of a fault, is closed within
//     [bound.Bounds.DeadConnection].
//   - etcd never closes a connection because the manager pings it too often (GOAWAY too_many_pings).
//
// The last two are not judged on connections with TLS, since nobody can see in what is encrypted that something is waited for.
//
// The record has what the manager's clients did; the workload and the harness have connections of their own.
type Gentleness struct{}

// Name is "gentleness".
func (Gentleness) Name() string { return "gentleness" }

// Judge compares the traffic with the budgets, and looks for dead connections and for those that were pinged too often.
func (o Gentleness) Judge(r *record.Record) record.Verdict {
	if len(r.Traffic) == 0 {
		return notAsked(o, "nothing of the manager was seen on the wire")
	}
	var wrong []violation
	var closest window
	for _, c := range allCircumstances(r) {
		for _, most := range busiestOf(r, c) {
			if most.sent > most.allowed {
				wrong = append(wrong, most.violation(r, c))
			}
			if most.share() > closest.share() {
				closest = most
			}
		}
		wrong = append(wrong, deadConnections(r, c)...)
		wrong = append(wrong, tooManyPings(r, c)...)
	}
	if len(wrong) > 0 {
		return firstAndWorst(o, r, wrong)
	}
	if closest.allowed == 0 {
		return notAsked(o, "the manager never had a cluster for as long as traffic is counted")
	}
	return passed(o, "at most %d of %d %s allowed in %v (%s)", closest.sent, closest.allowed, names[closest.what], r.Bounds().Window(), closest.cluster)
}

var names = map[record.Sending]string{record.Dials: "dials", record.Watches: "created watches", record.Requests: "requests"}

// window is the traffic of one kind in a time.
type window struct {
	cluster       string
	what          record.Sending
	from          int // its first second
	calm          bool
	sent, allowed int
}

func (w window) share() float64 { return float64(w.sent) / float64(max(1, w.allowed)) }

// busiestOf are the busiest windows of a tenure, one for each kind of traffic.
func busiestOf(r *record.Record, c circumstances) (all []window) {
	budgets := budgetsOf(r, c)
	for _, what := range []record.Sending{record.Dials, record.Watches, record.Requests} {
		all = append(all, busiest(r, c, what, budgets))
	}
	return all
}

// busiest is the window of a tenure in which the largest share of the budget was used.
func busiest(r *record.Record, c circumstances, what record.Sending, budgets bound.Budgets) (most window) {
	length := int(r.Bounds().Window() / time.Second)
	sent := seconds(r, c.cluster, what)
	first, last := int(c.tenure.From/time.Second), int(c.until/time.Second)-length
	for from := first; from <= min(last, len(sent)-1); from++ {
		w := window{cluster: c.cluster, what: what, from: from}
		for second := from; second < min(from+length, len(sent)); second++ {
			w.sent += sent[second]
		}
		if w.sent == 0 {
			continue
		}
		during := span{time.Duration(from) * time.Second, time.Duration(from+length) * time.Second}
		w.calm = c.calm(during) && during.from >= r.ManagerReady
		budgets.Faults = c.begun(during)
		w.allowed = budgetOf(budgets, what, w.calm)
		if w.share() > most.share() {
			most = w
		}
	}
	return most
}

func budgetOf(b bound.Budgets, what record.Sending, calm bool) int {
	switch what {
	case record.Dials:
		return b.Dials(calm)
	case record.Watches:
		return b.Watches(calm)
	}
	return b.Requests(calm)
}

// seconds returns the counts of a cluster by second.
func seconds(r *record.Record, cluster string, what record.Sending) []int {
	var counts []int
	for _, t := range r.Traffic {
		if t.Cluster != cluster {
			continue
		}
		if missing := t.Second + 1 - len(counts); missing > 0 {
			counts = append(counts, make([]int, missing)...)
		}
		counts[t.Second] += t.Of(what)
	}
	return counts
}

func budgetsOf(r *record.Record, c circumstances) bound.Budgets {
	b := bound.Budgets{Bounds: r.Bounds(), Members: 1, Keys: max(1, r.Prefixes), Streams: max(1, r.Streams), Things: len(r.Things)}
	if cluster, ok := r.Cluster(c.cluster); ok {
		b.Members = max(1, len(cluster.Members))
	}
	keys := map[string]bool{}
	for _, w := range r.Watches {
		if w.Cluster == c.cluster && !r.OfThing(w) {
			keys[w.Key] = true
		}
	}
	b.Keys = max(b.Keys, len(keys))
	for key := range keys {
		b.Streams = max(b.Streams, usual(r, c, key))
	}
	return b
}

// calm says whether nothing is wrong with the cluster for a whole time, and no recovery is under way.
func (c circumstances) calm(s span) bool {
	if s.from < c.tenure.From {
		return false
	}
	for _, l := range c.limits {
		if l.Any && l.From < s.to && s.from < l.To {
			return false
		}
	}
	return !slices.ContainsFunc(c.own, func(f span) bool { return f.from < s.to && s.from < f.to })
}

// begun is how many times within a span a fault began after there was none.
func (c circumstances) begun(s span) int {
	begun := 0
	for _, f := range c.own {
		if s.from <= f.from && f.from < s.to {
			begun++
		}
	}
	return begun
}

// violation describes a window with its curve: the counts of each second from shortly before the window.
func (w window) violation(r *record.Record, c circumstances) violation {
	const before, after = 5, 10
	sent := seconds(r, w.cluster, w.what)
	length := int(r.Bounds().Window() / time.Second)
	begin, end := max(0, w.from-before), min(len(sent), w.from+length+after)
	curve := make([]string, end-begin)
	for i := range curve {
		curve[i] = fmt.Sprint(sent[begin+i])
	}
	when := "while a fault or a recovery was under way"
	if w.calm {
		when = "while nothing was wrong"
	}
	return violation{
		cluster: w.cluster, at: time.Duration(w.from) * time.Second, off: time.Duration(float64(time.Second) * w.share()),
		text: fmt.Sprintf("%d %s from %ds to %ds, %s, where %d are allowed in %v; by second from %ds on: %s",
			w.sent, names[w.what], w.from, w.from+length, when, w.allowed, r.Bounds().Window(), begin, strings.Join(curve, " ")),
	}
}

// deadConnections returns a violation for each connection that was kept for too long although its member could not be heard.
func deadConnections(r *record.Record, c circumstances) []violation {
	limit := r.Bounds().DeadConnection()
	var wrong []violation
	for _, conn := range r.Connections {
		if conn.Cluster != c.cluster {
			continue
		}
		waits := slices.Clone(conn.Waits)
		if conn.Since >= 0 {
			waits = append(waits, record.Silence{From: conn.Since, To: r.Ended(conn.Closed)})
		}
		for _, wait := range waits {
			for _, f := range r.Faults {
				deaf := f.Scope.Cluster == c.cluster && slices.Contains(f.Scope.Unreachable, conn.Member) && slices.Contains(f.Scope.Silenced, conn.Member)
				from, to := max(wait.From, f.From, c.tenure.From), min(wait.To, r.Ended(f.To), c.until)
				if !deaf || to-from <= limit {
					continue
				}
				wrong = append(wrong, violation{cluster: c.cluster, at: from + limit, off: to - from, text: fmt.Sprintf(
					"the connection to %s/%s, opened at %s, was kept although nothing came from there from %s to %s; %s allowed",
					conn.Cluster, conn.Member, record.Stamp(conn.Opened), record.Stamp(from), record.Stamp(to), brief(limit))})
			}
		}
	}
	return wrong
}

// tooManyPings returns a violation for each connection that etcd closed because of the manager's pings.
func tooManyPings(r *record.Record, c circumstances) []violation {
	var wrong []violation
	for _, conn := range r.Connections {
		for _, at := range conn.TooManyPings {
			if conn.Cluster == c.cluster && c.tenure.From <= at && at <= c.until {
				wrong = append(wrong, violation{cluster: c.cluster, at: at, text: fmt.Sprintf(
					"%s/%s closed the connection opened at %s with GOAWAY too_many_pings: the client pings it more often than etcd accepts",
					conn.Cluster, conn.Member, record.Stamp(conn.Opened))})
			}
		}
	}
	slices.SortStableFunc(wrong, func(a, b violation) int { return cmp.Compare(a.at, b.at) })
	return wrong
}
