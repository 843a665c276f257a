package record

import (
	"fmt"
	"slices"
	"time"
)

// Limit is how stale a tenure's view may be at the instants after From, up to and including To.
type Limit struct {
	From, To time.Duration
	// Any says that any staleness is allowed. Start says that this is because the manager has just been given the cluster.
	Any, Start bool
	// Max is the allowed staleness, unless Any.
	Max time.Duration
	// Why says what the limit follows from. Of is what was lost, if it follows from a loss.
	Why string
	Of  Lost

	recovers string // the fault whose recovery this time is for
}

// Allowed returns how stale a tenure's view may be, from the begin of the tenure to its end without a gap.
//
//	circumstances:  begin        A begins            B begins    B healed        A healed
//	                ├────┐       ├─────────┐         ├───────────┼────┐          ├─────────┐
//	allowed:        │any │ calm  │   any   │ calm+A  │           any  │  calm+A  │   any   │ calm
//	                └────┴───────┴─────────┴─lasting─┴────────────────┴─lasting──┴─────────┴──────►
//
// Circumstances change when a fault begins or is healed, when a quorum or the reach of clients is back, when a load goes on after a rest,
// and when the tenure begins. From each change on, any staleness is allowed for the largest Recovery of all faults that are in force or
// were healed at that instant, and for longer if other faults slow the requests of a recovery. After that the view must be calm, also while
// the fault lasts, since by then the manager should have left the member. Faults with a Lasting allowance add it to calm while they are in
// force, and slow disks together add what they do to reads ([bound.Bounds.ReadHold]). While the quorum or the reach is lost, any staleness is
// allowed. A change never shortens what an earlier one has allowed.
func (r *Record) Allowed(t Tenure) []Limit {
	until := r.Until(t)
	if until < t.From {
		return nil
	}
	faults := slices.DeleteFunc(slices.Clone(r.Faults), func(f Fault) bool { return f.Scope.Cluster != t.Cluster })
	excuses := r.excuses(t, faults)
	edges := []time.Duration{t.From, until}
	for _, e := range excuses {
		edges = append(edges, e.From, e.To)
	}
	for _, f := range faults {
		edges = append(edges, f.From, r.Ended(f.To))
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	var limits []Limit
	for i := 1; i < len(edges); i++ {
		if from, to := edges[i-1], edges[i]; t.From <= from && to <= until {
			limits = append(limits, r.limit(from, to, excuses, faults))
		}
	}
	return limits
}

// limit is the limit between two instants between which circumstances do not change.
func (r *Record) limit(from, to time.Duration, excuses []Limit, faults []Fault) Limit {
	calm := Limit{From: from, To: to, Max: r.Bounds().Calm(), Why: "calm, with no fault and no recovery under way"}
	longest := calm
	for _, e := range excuses {
		if e.From <= from && to <= e.To && (!longest.Any || e.To > longest.To) {
			longest = e
		}
	}
	if longest.Any {
		longest.From, longest.To = from, to
		return longest
	}
	over := time.Duration(-1)
	for _, e := range excuses {
		if e.To <= from && e.recovers != "" && e.To > over {
			over, calm.Why = e.To, fmt.Sprintf("calm since %s, the deadline for the recovery from %s", Stamp(e.To), e.recovers)
		}
	}
	during := slices.DeleteFunc(slices.Clone(faults), func(f Fault) bool { return from < f.From || r.Ended(f.To) < to })
	calm.Max += r.lasting(during)
	for _, f := range during {
		if f.Allowance.Lasting > 0 {
			calm.Why = "calm with " + f.Text + " in force"
		}
	}
	return calm
}

// lasting is how much staler than calm a view may be while these faults are in force: the sum of their Lasting allowances, and what is caused by
// linearizable reads, whose rounds are slowed by all of them.
func (r *Record) lasting(faults []Fault) time.Duration {
	var sum, round time.Duration
	for _, f := range faults {
		sum += f.Allowance.Lasting
		round += f.Scope.Round
	}
	return sum + r.Bounds().ReadHold(round)
}

// excuses are the times in which any staleness is allowed.
func (r *Record) excuses(t Tenure, faults []Fault) []Limit {
	excuses := []Limit{r.startOf(t)}
	changes := append([]time.Duration{t.From}, beginsAndEnds(faults)...)
	for _, l := range r.Losses {
		if l.Cluster != t.Cluster {
			continue
		}
		excuses = append(excuses, Limit{From: l.From, To: r.Ended(l.To), Any: true, Why: string(l.Of) + " lost", Of: l.Of})
		if l.To >= 0 {
			changes = append(changes, l.To)
		}
	}
	for _, rest := range r.Rests {
		if rest.Cluster == t.Cluster && rest.To >= 0 {
			changes = append(changes, rest.To) // nobody can notice that updates do not arrive while there are none
		}
	}
	slices.Sort(changes)
	for _, at := range slices.Compact(changes) {
		if f, recovery := r.worst(faults, at); recovery > 0 {
			excuses = append(excuses, Limit{From: at, To: at + recovery, Any: true, Why: "recovery from " + f.Text, recovers: f.Text})
		}
	}
	return excuses
}

// beginsAndEnds are the instants at which faults begin and are healed.
func beginsAndEnds(faults []Fault) (at []time.Duration) {
	for _, f := range faults {
		at = append(at, f.From)
		if f.To >= 0 {
			at = append(at, f.To)
		}
	}
	return at
}

// requests is how many requests a recovery makes: a dial, a read, and the creation of a watch.
const requests = 3

// worst returns the fault with the longest recovery, of those in force at an instant or healed at it, and the length of that recovery. A fault
// that was healed counts even if others are in force, so that a further fault never leaves less time to recover from the first. The Lasting
// allowances of other faults delay each request of the recovery too, in both directions, but by no more than the request timeout. The read among
// them also waits for the members' round. Half-open connections cost more if they leave the manager nobody to ask.
func (r *Record) worst(faults []Fault, at time.Duration) (worst Fault, recovery time.Duration) {
	var slow, round time.Duration
	for _, f := range faults {
		if f.inForce(at) {
			slow += f.Allowance.Lasting
			round += f.Scope.Round
		}
	}
	for _, f := range faults {
		if !f.inForce(at) {
			continue
		}
		slower := min(2*(slow-f.Allowance.Lasting), r.Timing.RequestTimeout)
		own := f.Scope.Round
		read := min(round-own+r.Bounds().ReadHold(round)-r.Bounds().ReadHold(own), r.Timing.RequestTimeout)
		recovers := f.Allowance.Recovery
		if len(f.Scope.Stranded) > 0 && f.Allowance.Name != Promised && r.Severed(f.Scope.Cluster, at) {
			recovers = max(recovers, r.Bounds().SilentCluster(r.size(f.Scope.Cluster)))
		}
		if took := recovers + requests*slower + read; took > recovery {
			worst, recovery = f, took
		}
	}
	return worst, recovery
}

// inForce says whether the fault was in force at an instant or healed at it.
func (f Fault) inForce(at time.Duration) bool { return f.From <= at && (f.To < 0 || f.To >= at) }

// startOf is the time at the begin of a tenure in which any staleness is allowed: until the view is first complete and not empty, and at
// most for the start bound.
func (r *Record) startOf(t Tenure) Limit {
	start := Limit{
		From: t.From, To: t.From + r.StartBound(t.Cluster), Any: true, Start: true, Why: "the manager has just been given the cluster",
	}
	for _, p := range r.stalenessUntil(t, min(start.To, r.Until(t))) {
		if p.Staleness == 0 && p.Newest >= 0 {
			start.To = p.At
			break
		}
	}
	return start
}

// StartBound is how long a manager may take to show a fresh view of a cluster that it was given, see [bound.Bounds.Start].
func (r *Record) StartBound(cluster string) time.Duration { return r.Bounds().Start(r.size(cluster)) }

// size is how many members a cluster ever had, and one if it is not known.
func (r *Record) size(cluster string) int {
	if c, ok := r.Cluster(cluster); ok {
		return len(c.Members)
	}
	return 1
}

// Deadline is when a cluster's view must be fresh again, after everything on record up to the instant at. If nothing excuses the view any
// more, it is at. No event on record may be later than at.
func (r *Record) Deadline(cluster string, at time.Duration) time.Duration {
	t, ok := r.TenureAt(cluster, at)
	if !ok {
		return at
	}
	faults := slices.DeleteFunc(slices.Clone(r.Faults), func(f Fault) bool { return f.Scope.Cluster != cluster })
	deadline := at
	for _, e := range r.excuses(t, faults) {
		deadline = max(deadline, e.To)
	}
	return deadline
}

// CalmAt is how stale a cluster's view may be at an instant once it has recovered: the calm bound plus what the faults in force add to it, see
// [Record.Allowed].
func (r *Record) CalmAt(cluster string, at time.Duration) time.Duration {
	during := slices.DeleteFunc(slices.Clone(r.Faults), func(f Fault) bool {
		return f.Scope.Cluster != cluster || at < f.From || r.Ended(f.To) < at
	})
	return r.Bounds().Calm() + r.lasting(during)
}
