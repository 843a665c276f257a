package harness

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// RequireRecovery blocks until the manager's view of the cluster has recovered from the fault: it shows an update that began after the fault did, and
// every older one. The fault's allowance says how long that may take. It then waits for Timing.Stay, while the fault is still in force, to see whether
// the view stays fresh. If the view is not fresh in time or does not stay so, the run has failed and the scenario ends.
func (i *Injection) RequireRecovery(c *Cluster) {
	i.world.requireRecovery("recovery", c, i.at)
}

func (w *World) requireRecovery(name string, c *Cluster, since time.Duration) {
	bound := w.deadline(c) - since
	if w.awaitFresh(c, since, since+bound) {
		w.Pass(w.timing.Stay)
		// The view may have shown an update that was under way when the fault began, and have become stale only then. It still has until the deadline.
		w.awaitFresh(c, since, since+bound)
	}
	e := w.measure(name, c, since, bound)
	if e.Outcome == record.Failed {
		e.Evidence = fmt.Sprintf("%s: %s", e.Evidence, w.situation(c))
	}
	w.expect(e)
}

// Measure blocks until the manager's view of the cluster has recovered from the fault, for longest at most, and records how long that took. It never
// fails the run.
func (i *Injection) Measure(c *Cluster, longest time.Duration) {
	w := i.world
	bound := w.deadline(c) - i.at
	w.await(i.at+longest-w.Elapsed(), func() bool { return w.fresh(c, i.at) })
	e := w.measure("measured", c, i.at, bound)
	e.Outcome = record.NotAsked
	w.recorder.Check(e)
}

// measure makes the verdict on how long a cluster's view took to recover from a fault that began at since.
func (w *World) measure(name string, c *Cluster, since, bound time.Duration) record.Expectation {
	e := record.Expectation{Cluster: c.name, Fresh: true, Bound: bound}
	var back bool
	w.recorder.Look(func(r *record.Record) { e.Took, back = r.Recovery(c.name, since) })
	e.Oracle, e.Outcome = name, record.Failed
	switch {
	case back && e.Took <= bound:
		e.Outcome = record.Passed
		e.Evidence = fmt.Sprintf("%s fresh again after %s of %s allowed", c, record.Stamp(e.Took), record.Stamp(bound))
	case back:
		e.Evidence = fmt.Sprintf("%s fresh again for good only after %s, allowed %s", c, record.Stamp(e.Took), record.Stamp(bound))
	default:
		e.Took = -1
		e.Evidence = fmt.Sprintf("%s not fresh again within %s", c, record.Stamp(bound))
	}
	return e
}

// RequireFresh blocks until the view of the cluster shows an update that began after this call, and every older one. If that takes longer than the
// faults so far allow, the run has failed and the scenario ends.
func (w *World) RequireFresh(c *Cluster) { w.requireFresh("fresh", c) }

func (w *World) requireFresh(name string, c *Cluster) {
	m := w.first()
	if m == nil {
		w.fail("a fresh view of %s is required, and there is no manager", c)
	}
	w.requireFreshOf(m, name, c)
}

func (w *World) requireFreshOf(m *managed, name string, c *Cluster) {
	since := w.Elapsed()
	committed, ok := w.awaitCommit(c, since)
	if !ok {
		w.fail("cluster %s: nothing was committed for %v: is its load at rest, or its quorum lost?", c, w.Bounds().LostLeader())
	}
	by := max(m.deadline(c), committed+m.calm(c))
	e := record.Expectation{Cluster: c.name, Fresh: true}
	e.Oracle, e.Outcome = name, record.Passed
	if w.awaitFreshOf(m, c, since, by) {
		e.Evidence = fmt.Sprintf("%s fresh %s after an update", m.name(c), record.Stamp(w.Elapsed()-committed))
	} else {
		e.Outcome = record.Failed
		e.Evidence = fmt.Sprintf("%s not fresh %s after an update: %s", m.name(c), record.Stamp(w.Elapsed()-committed), m.situation(c))
	}
	w.expect(e)
}

// awaitCommit waits for an update of the cluster that began after since, for as long as an election may delay one.
func (w *World) awaitCommit(c *Cluster, since time.Duration) (at time.Duration, ok bool) {
	w.await(w.Bounds().LostLeader(), func() bool {
		at, ok = w.recorder.CommitAfter(c.name, since)
		return ok
	})
	return at, ok
}

// RequireCalm requires that the views of the named clusters have never been staler than calm since the fault began. If one was, the run has failed
// and the scenario ends. It does not block.
func (i *Injection) RequireCalm(clusters ...string) {
	w := i.world
	for _, name := range clusters {
		c := w.Cluster(name)
		var worst record.Point
		var allowed time.Duration
		w.recorder.Look(func(r *record.Record) {
			t, ok := r.TenureAt(c.name, i.at)
			if !ok {
				return
			}
			allowed = r.CalmAt(c.name, i.at)
			for _, p := range r.Staleness(t) {
				if p.At >= i.at && p.Staleness > worst.Staleness {
					worst = p
				}
			}
		})
		e := record.Expectation{Cluster: c.name, Fresh: true}
		e.Oracle, e.Outcome = "calm", record.Passed
		e.Evidence = fmt.Sprintf("%s at most %s stale of %s allowed", c, record.Stamp(worst.Staleness), record.Stamp(allowed))
		if worst.Staleness > allowed {
			e.Outcome = record.Failed
			e.Evidence = fmt.Sprintf("%s %s stale, allowed %s: %s", c, record.Stamp(worst.Staleness), record.Stamp(allowed), w.situationAt(c, worst.At))
		}
		w.expect(e)
	}
}

// RequireIdleTimeout blocks until the manager reports, after the fault began, that a watch on the cluster reached its idle timeout. If it does not
// report that in time, the run has failed and the scenario ends; the oracle "idle timeout" judges how exact the report was. For a manager without an
// idle timeout it requires nothing and does not block.
func (i *Injection) RequireIdleTimeout(c *Cluster) {
	w := i.world
	e := record.Expectation{Cluster: c.name}
	e.Oracle = "idle timeout said"
	if w.timing.IdleTimeout == 0 {
		e.Outcome, e.Evidence = record.NotAsked, "the manager has no idle timeout"
		w.expect(e)
		return
	}
	// The last response on the watch may have been on its way when the fault began, so the silence may begin later.
	bound := w.timing.IdleTimeout + 2*w.Bounds().IdleLate()
	said := w.await(i.at+bound-w.Elapsed(), func() bool {
		said := false
		w.recorder.Look(func(r *record.Record) {
			for _, err := range r.Errors {
				said = said || err.Cluster == c.name && err.Idle > 0 && err.At >= i.at
			}
		})
		return said
	})
	if said {
		e.Outcome, e.Evidence = record.Passed, fmt.Sprintf("said on %s after %s", c, record.Stamp(w.Elapsed()-i.at))
	} else {
		e.Outcome, e.Evidence = record.Failed, fmt.Sprintf("no view of %s reported an idle timeout within %s of the fault; %s", c, record.Stamp(bound), w.situation(c))
	}
	w.expect(e)
}

// RequireSteady requires that since the fault began the cluster kept its leader, and the manager moved no watch on it to another member: a slow member
// is no reason to leave it. A watch that is opened again on the same member does not count, nor does an additional watch while the old one stays
// open. If the requirement is not met, the run has failed and the scenario ends. It does not block.
func (i *Injection) RequireSteady(c *Cluster) {
	w := i.world
	var moves []string
	w.recorder.Look(func(r *record.Record) {
		for _, l := range r.Leaders {
			if l.Cluster == c.name && l.At > i.at {
				moves = append(moves, fmt.Sprintf("leader %q at %s", l.Member, record.Stamp(l.At)))
			}
		}
		before, left := map[string]bool{}, map[string]bool{}
		for _, watch := range r.Watches {
			// A watch that closed at the instant at which the fault began was open before it.
			if watch.Cluster == c.name && watch.Opened < i.at && (watch.Closed < 0 || watch.Closed >= i.at) {
				before[watch.Key+" on "+watch.Member] = true
				left[watch.Key] = left[watch.Key] || watch.Closed >= 0
			}
		}
		for _, watch := range r.Watches {
			if watch.Cluster == c.name && watch.Opened > i.at && left[watch.Key] && !before[watch.Key+" on "+watch.Member] {
				moves = append(moves, fmt.Sprintf("a watch of %s moved to %s at %s", watch.Key, watch.Member, record.Stamp(watch.Opened)))
			}
		}
	})
	e := record.Expectation{Cluster: c.name}
	e.Oracle, e.Outcome = "steady", record.Passed
	e.Evidence = fmt.Sprintf("%s kept its leader and the members of its watches", c)
	if len(moves) > 0 {
		e.Outcome = record.Failed
		e.Evidence = fmt.Sprintf("%s: %s, away from a member that was only slow; %s", c, strings.Join(moves, ", "), w.situation(c))
	}
	w.expect(e)
}

// RequireOwner blocks until each thing of the cluster has an owner: some manager claims it. If that takes longer than [bound.Bounds.Takeover], the run
// has failed and the scenario ends. That there is only one is judged by the oracle "one owner".
func (w *World) RequireOwner(c *Cluster) {
	since := w.Elapsed()
	var without []string
	owned := w.await(w.Bounds().Takeover(), func() bool {
		without = nil
		for _, t := range w.workload.Things {
			if !w.owned(c, t) {
				without = append(without, t.Subject.String())
			}
		}
		return len(without) == 0
	})
	e := record.Expectation{Cluster: c.name}
	e.Oracle, e.Outcome = "owner", record.Passed
	e.Evidence = fmt.Sprintf("%s has an owner of everything after %s", c, record.Stamp(w.Elapsed()-since))
	if !owned {
		e.Outcome = record.Failed
		e.Evidence = fmt.Sprintf("%s: nobody claims %s after %s: %s", c, strings.Join(without, ", "), record.Stamp(w.Elapsed()-since), w.situation(c))
	}
	w.expect(e)
}

// owned says whether a manager claims the thing now.
func (w *World) owned(c *Cluster, t Thing) (owned bool) {
	for _, m := range w.running() {
		m.recorder.Look(func(r *record.Record) {
			owned = owned || slices.ContainsFunc(r.Owned, func(o record.Ownership) bool {
				return o.Cluster == c.name && o.Thing == t.Subject && r.OwnedUntil(o) >= r.End
			})
		})
	}
	return owned
}

// awaitFresh waits until the first manager's view of a cluster is fresh, until the instant by at most. If it is not fresh by then, it waits a little
// longer, so that the oracles find on record that the view was too stale.
func (w *World) awaitFresh(c *Cluster, since, by time.Duration) bool {
	m := w.first()
	return m != nil && w.awaitFreshOf(m, c, since, by)
}

func (w *World) awaitFreshOf(m *managed, c *Cluster, since, by time.Duration) bool {
	fresh := w.await(by-w.Elapsed(), func() bool { return m.recorder.Fresh(c.name, since, m.calm(c)) })
	if !fresh {
		w.Pass(m.calm(c))
	}
	return fresh
}

// fresh says whether the first manager's view shows an update that began after since, and no update that it does not show is older than calm.
func (w *World) fresh(c *Cluster, since time.Duration) bool {
	return w.recorder.Fresh(c.name, since, c.calm())
}

// calm is how stale the manager's view of a cluster may be now, once it has recovered from the faults in force.
func (m *managed) calm(c *Cluster) (calm time.Duration) {
	m.recorder.Look(func(r *record.Record) { calm = r.CalmAt(c.name, r.End) })
	return calm
}

// deadline is the instant by which the manager's view of a cluster must be fresh again, after what has happened so far.
func (m *managed) deadline(c *Cluster) (by time.Duration) {
	m.recorder.Look(func(r *record.Record) { by = r.Deadline(c.name, r.End) })
	return by
}

// deadline is that of the first manager.
func (w *World) deadline(c *Cluster) (by time.Duration) {
	w.recorder.Look(func(r *record.Record) { by = r.Deadline(c.name, r.End) })
	return by
}

// name is how evidence names the manager's view of a cluster.
func (m *managed) name(c *Cluster) string {
	if m.number == 1 {
		return c.name
	}
	return fmt.Sprintf("%s, manager %d,", c.name, m.number)
}

func (m *managed) situation(c *Cluster) (s string) {
	m.recorder.Look(func(r *record.Record) { s = r.Situation(c.name, r.End) })
	return s
}

// unmet is the panic value that ends a scenario after a failed requirement. The verdict has been recorded.
type unmet struct{}

func (w *World) expect(e record.Expectation) {
	w.recorder.Check(e)
	if e.Outcome == record.Failed {
		panic(unmet{})
	}
}

func (w *World) situation(c *Cluster) string { return w.situationAt(c, w.Elapsed()) }

func (w *World) situationAt(c *Cluster, at time.Duration) (s string) {
	w.recorder.Look(func(r *record.Record) { s = r.Situation(c.name, at) })
	return s
}
