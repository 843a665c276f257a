package harness

import (
	"fmt"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/oracle"
	"github.com/stormwatch/stormwatch/harness/record"
)

// RequireFailover waits until the manager's view of the cluster is back to fresh after the fault injected last: it shows an
// update begun since, and all others. It fails the run, and ends the scenario, when that takes longer than bound.
func (w *World) RequireFailover(c *Cluster, bound time.Duration) {
	since := w.lastFault("RequireFailover").at
	w.await(since+bound-w.Elapsed(), func() bool { return w.fresh(c, since) })
	var took time.Duration
	var back bool
	w.recorder.Look(func(r *record.Record) { took, back = oracle.Failover(r, c.name, since) })
	e := record.Expectation{Cluster: c.name, Took: took, Bound: bound}
	e.Oracle, e.Passed = "failover", back && took <= bound
	switch {
	case e.Passed:
		e.Evidence = fmt.Sprintf("%s fresh again after %s of %s allowed", c, record.Stamp(took), record.Stamp(bound))
	case back:
		e.Evidence = fmt.Sprintf("%s fresh again only after %s, allowed %s: %s", c, record.Stamp(took), record.Stamp(bound), w.situation(c))
	default:
		e.Took = -1
		e.Evidence = fmt.Sprintf("%s not fresh again within %s: %s", c, record.Stamp(bound), w.situation(c))
	}
	w.check(e)
}

// RequireFresh waits until the view of the cluster shows an update begun after this call, and all others. It fails the run,
// and ends the scenario, when that takes longer than bound from the commit of that update on.
func (w *World) RequireFresh(c *Cluster, bound time.Duration) { w.requireFresh("fresh", c, bound) }

func (w *World) requireFresh(name string, c *Cluster, bound time.Duration) {
	since := w.Elapsed()
	w.await(w.Bounds().LostLeader(), func() bool {
		_, committed := w.recorder.CommitAfter(c.name, since)
		return committed
	})
	from, committed := w.recorder.CommitAfter(c.name, since)
	if !committed {
		w.fail("cluster %s: nothing was committed for %v: is its load at rest, or its quorum lost?", c, w.Bounds().LostLeader())
	}
	e := record.Expectation{Cluster: c.name}
	e.Oracle = name
	e.Passed = w.await(from+bound-w.Elapsed(), func() bool { return w.fresh(c, since) })
	if e.Passed {
		e.Evidence = fmt.Sprintf("%s fresh %s after an update, of %s allowed", c, record.Stamp(w.Elapsed()-from), record.Stamp(bound))
	} else {
		e.Evidence = fmt.Sprintf("%s not fresh %s after an update: %s", c, record.Stamp(bound), w.situation(c))
	}
	w.check(e)
}

// RequireCalm fails the run if the view of one of the named clusters was staler than the calm bound since the fault injected
// last. It does not wait.
func (w *World) RequireCalm(clusters ...string) {
	since, calm := w.lastFault("RequireCalm").at, w.Bounds().Calm()
	for _, name := range clusters {
		c := w.Cluster(name)
		var worst record.Point
		w.recorder.Look(func(r *record.Record) {
			for _, p := range r.Staleness(c.name) {
				if p.At >= since && p.Staleness > worst.Staleness {
					worst = p
				}
			}
		})
		e := record.Expectation{Cluster: c.name}
		e.Oracle, e.Passed = "calm", worst.Staleness <= calm
		e.Evidence = fmt.Sprintf("%s at most %s stale of %s allowed", c, record.Stamp(worst.Staleness), record.Stamp(calm))
		if !e.Passed {
			e.Evidence = fmt.Sprintf("%s %s stale, allowed %s: %s", c, record.Stamp(worst.Staleness), record.Stamp(calm), w.situationAt(c, worst.At))
		}
		w.check(e)
	}
}

// RequireIdleTimeout waits until the manager says that a watch on the cluster reached its idle timeout, after the fault injected
// last. It fails the run, and ends the scenario, when the manager does not say so in time; the idle-timeout oracle judges
// how exact it was.
func (w *World) RequireIdleTimeout(c *Cluster) {
	since := w.lastFault("RequireIdleTimeout").at
	// The last answer may have been on its way when the fault began.
	bound := w.timing.IdleTimeout + 2*w.Bounds().IdleLate()
	e := record.Expectation{Cluster: c.name}
	e.Oracle = "idle-timeout-said"
	e.Passed = w.await(since+bound-w.Elapsed(), func() bool {
		said := false
		w.recorder.Look(func(r *record.Record) {
			for _, err := range r.Errors {
				said = said || err.Cluster == c.name && err.Idle > 0 && err.At >= since
			}
		})
		return said
	})
	if e.Passed {
		e.Evidence = fmt.Sprintf("said on %s after %s", c, record.Stamp(w.Elapsed()-since))
	} else {
		e.Evidence = fmt.Sprintf("nothing said on %s within %s: %s", c, record.Stamp(bound), w.situation(c))
	}
	w.check(e)
}

// fresh says whether the view shows an update begun since, and nothing it does not show is older than the calm bound.
func (w *World) fresh(c *Cluster, since time.Duration) bool {
	return w.recorder.Fresh(c.name, since, w.Bounds().Calm())
}

func (w *World) lastFault(asker string) *Injection {
	if len(w.injected) == 0 {
		w.fail("%s before any fault was injected", asker)
	}
	return w.injected[len(w.injected)-1]
}

// unmet ends a scenario whose requirement failed: the verdict is on record already.
type unmet struct{}

func (w *World) check(e record.Expectation) {
	w.recorder.Check(e)
	if !e.Passed {
		panic(unmet{})
	}
}

func (w *World) situation(c *Cluster) string { return w.situationAt(c, w.Elapsed()) }

func (w *World) situationAt(c *Cluster, at time.Duration) (s string) {
	w.recorder.Look(func(r *record.Record) { s = r.Situation(c.name, at) })
	return s
}

// RequireSteady fails the run, and ends the scenario, if the cluster got another leader or one of the manager's watches on it closed
// since the fault injected last: what limps must not flap. It does not wait.
func (w *World) RequireSteady(c *Cluster) {
	since := w.lastFault("RequireSteady").at
	var moves []string
	w.recorder.Look(func(r *record.Record) {
		for _, l := range r.Leaders {
			if l.Cluster == c.name && l.At > since {
				moves = append(moves, fmt.Sprintf("leader %q at %s", l.Member, record.Stamp(l.At)))
			}
		}
		for _, watch := range r.Watches {
			if watch.Cluster == c.name && watch.Closed >= since {
				moves = append(moves, fmt.Sprintf("a watch on %s closed at %s", watch.Member, record.Stamp(watch.Closed)))
			}
		}
	})
	e := record.Expectation{Cluster: c.name}
	e.Oracle, e.Passed = "steady", len(moves) == 0
	e.Evidence = fmt.Sprintf("%s kept its leader and its watches", c)
	if !e.Passed {
		e.Evidence = fmt.Sprintf("%s: %s; %s", c, strings.Join(moves, ", "), w.situation(c))
	}
	w.check(e)
}
