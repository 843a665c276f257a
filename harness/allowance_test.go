package harness_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// valve is a manager whose views can be frozen: while it is closed, View returns the last view from before.
type valve struct {
	harness.Manager

	mu     sync.Mutex
	closed bool
	before harness.View
}

// valved returns the plain manager with a valve, and the valve.
func valved() (harness.Candidate, *valve) {
	v := &valve{}
	return altered(func(m harness.Manager) harness.Manager {
		v.Manager = m
		return v
	}), v
}

func (v *valve) View(cluster string) (harness.View, bool) {
	now, ok := v.Manager.View(cluster)
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.closed {
		v.before = now
	}
	return v.before, ok
}

func (v *valve) set(closed bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = closed
}

// holdFor freezes the views for d.
func (v *valve) holdFor(w *harness.World, d time.Duration) {
	v.set(true)
	w.Pass(d)
	v.set(false)
}

// After a fault of two seconds, a view may be stale for the allowance of that fault, counted from its heal, and not for the largest allowance of all
// faults.
func TestAShortFaultBuysNoLongExcuse(t *testing.T) {
	const short = 2 * time.Second
	type lengths struct{ own, longest time.Duration }
	// late makes a run in which the view is frozen from the begin of a short fault until a time after its heal, which after chooses.
	late := func(after func(lengths) time.Duration) (r *harness.Result, allowed lengths) {
		c, valve := valved()
		r = execute(t, three, c, func(w *harness.World) {
			alpha := w.Cluster("alpha")
			w.StartManager(harness.WatchOn(alpha.Followers()[0]))
			allowed = lengths{own: w.Bounds().SilentMember(), longest: w.Bounds().Failover()}
			valve.set(true)
			hole := w.Inject(fault.Blackhole(harness.Ref{Cluster: "alpha", Member: harness.RoleWatched}))
			w.Pass(short)
			hole.Heal()
			valve.holdFor(w, after(allowed))
			w.Pass(w.Bounds().Failover())
		})
		return r, allowed
	}

	r, allowed := late(func(l lengths) time.Duration { return l.own - time.Second })
	require.Equal(t, record.Passed, r.Outcome, r.String())
	require.Greater(t, r.MaxStaleness, allowed.own-time.Second)

	r, allowed = late(func(l lengths) time.Duration { return (l.own + l.longest) / 2 })
	require.Contains(t, failure(t, r, "freshness"), "the deadline for the recovery from Blackhole(alpha/m")
	hole := r.Record.Faults[0]
	took, back := r.Record.Recovery("alpha", hole.From)
	require.True(t, back)
	require.Greater(t, hole.From+took, hole.To+allowed.own)
	require.Less(t, hole.From+took, hole.To+allowed.longest, "any fault excused as much as the costliest once, and the view was back by then")
}

// When the allowance for a recovery has passed, the view must be calm, however long the fault lasts.
func TestALongFaultIsNoLicenceToFlap(t *testing.T) {
	const hidden, times = time.Second, 3
	under := func(flapping bool) *harness.Result {
		c, valve := valved()
		return execute(t, three, c, func(w *harness.World) {
			alpha := w.Cluster("alpha")
			w.StartManager(harness.WatchOn(alpha.Followers()[0])) // there the fault costs the manager only the time of an election
			hang := w.Inject(fault.HangDisk(alpha.Leader()))
			w.Pass(w.Bounds().HungLeader())
			for range times {
				if flapping {
					valve.holdFor(w, hidden)
				}
				w.Pass(10 * time.Second)
			}
			hang.Heal()
		})
	}
	require.Equal(t, record.Passed, under(false).Outcome)

	r := under(true)
	require.Contains(t, failure(t, r, "freshness"), "calm since")
	require.Contains(t, failure(t, r, "freshness"), "in force")
	hang := r.Record.Faults[0]
	stale := 0
	for _, p := range r.Record.Staleness(r.Record.Tenures[0]) {
		if p.Staleness > hidden/2 && p.At > hang.From+hang.Allowance.Recovery && p.At < hang.To {
			stale++
		}
	}
	require.GreaterOrEqual(t, stale, times)
}

// There is no separate bound for two faults that overlap: each time that one begins or heals, the view has the larger of the two allowances.
func TestFaultsThatOverlapNeedNoBoundOfTheirOwn(t *testing.T) {
	with := func(c harness.Candidate) (r *harness.Result, hungLeader time.Duration) {
		r = execute(t, three, c, func(w *harness.World) {
			alpha := w.Cluster("alpha")
			leader, follower := alpha.Leader(), alpha.Followers()[0]
			w.StartManager(harness.WatchOn(leader))
			hungLeader = w.Bounds().HungLeader()

			w.Inject(fault.HangDisk(leader))
			w.Pass(w.Timing().Election)
			hole := w.Inject(fault.Blackhole(follower))
			hole.RequireRecovery(alpha)
			hole.Heal()
			w.RequireFresh(alpha)
		})
		return r, hungLeader
	}

	r, hungLeader := with(scenarios.Reference())
	require.Equal(t, record.Passed, r.Outcome, r.String())
	hang, hole := r.Record.Faults[0], r.Record.Faults[1]
	require.Less(t, hole.Allowance.Recovery, hungLeader)
	require.Equal(t, hungLeader, hang.Allowance.Recovery)
	require.Equal(t, hungLeader, r.Bound, "of the second fault while the first, which is worse, is in force")

	r, _ = with(plain())
	require.Contains(t, failure(t, r, "freshness"), "the deadline for the recovery from HangDisk(alpha/m")
}

// A manager may be able to reach no member for longer than the TTL of its lease, or its cluster may have no quorum for that long. Until the heal,
// nothing is required of it; after that it has the allowance of the fault.
func TestWhatIsLostForAMinuteExcusesUntilTheHeal(t *testing.T) {
	for name, test := range map[string]struct {
		fault   func(harness.Referrer) fault.Fault
		members int
		of      record.Lost
		commits bool
	}{
		"the reach of every member": {fault.Blackhole, 3, record.LostReach, true},
		"the quorum":                {fault.HangDisk, 2, record.LostQuorum, false},
	} {
		t.Run(name, func(t *testing.T) {
			var allowed time.Duration
			r := execute(t, three, scenarios.Reference(), func(w *harness.World) {
				alpha := w.Cluster("alpha")
				w.StartManager(harness.WatchOn(alpha.Leader()))
				hurt := append([]*harness.Member{alpha.Leader()}, alpha.Followers()...)[:test.members]
				var faults []*harness.Injection
				for _, m := range hurt {
					faults = append(faults, w.Inject(test.fault(m)))
				}
				w.Pass(time.Minute)
				for _, f := range faults {
					f.Heal()
				}
				allowed = w.Bounds().Failover()
				w.RequireFresh(alpha)
			})
			require.Equal(t, record.Passed, r.Outcome, r.String())
			require.Len(t, r.Record.Losses, 1)
			loss := r.Record.Losses[0]
			require.Equal(t, record.Loss{Cluster: "alpha", Of: test.of, From: loss.From, To: loss.To}, loss)
			require.GreaterOrEqual(t, loss.To-loss.From, time.Minute)
			during := 0
			for _, c := range r.Record.Commits {
				if c.Begun > loss.From && c.At < loss.To {
					during++
				}
			}
			if test.commits {
				require.Greater(t, during, 100)
				require.Greater(t, r.MaxStaleness, loss.To-loss.From-time.Second)
			} else {
				require.Zero(t, during)
			}
			for _, l := range r.Record.Allowed(r.Record.Tenures[0]) {
				if l.From >= loss.To+allowed {
					require.False(t, l.Any, "the loss excuses nothing any more at %v", l.From)
				}
			}
		})
	}
}

// A member that joins is a way to the cluster for a manager that has had the time to learn of it. Such a manager must use it when it cannot reach the
// others any more. One that had no time, or that never reads the member list, is excused until it can reach a member that it knows.
func TestANewcomerMustBeUsedByWhomeverCanKnowIt(t *testing.T) {
	// under makes a run in which the only other member cannot be reached, from a while after a member has joined.
	under := func(c harness.Candidate, wait func(bound.Bounds) time.Duration, told bool) *harness.Result {
		return execute(t, one, c, func(w *harness.World) {
			alpha := w.Cluster("alpha")
			w.StartManager()
			w.Inject(fault.AddMember(alpha))
			w.Pass(wait(w.Bounds()))
			if told {
				w.Manage(alpha)
			}
			hole := w.Inject(fault.Blackhole(alpha.Member("m1")))
			w.Pass(2 * w.Bounds().Failover())
			hole.Heal()
			w.RequireFresh(alpha)
		})
	}
	atOnce := func(bound.Bounds) time.Duration { return 0 }
	inTime := func(b bound.Bounds) time.Duration { return b.Discovered() }
	syncs := func(c harness.Candidate) harness.Candidate {
		c.Timing = func(suggested bound.Manager) bound.Manager { return bound.Manager{Sync: suggested.Sync} }
		return c
	}

	for name, r := range map[string]*harness.Result{
		"it joined too lately":                         under(scenarios.Reference(), atOnce, false),
		"the reference manager has found it":           under(scenarios.Reference(), inTime, false),
		"the reference manager was told of it":         under(scenarios.Reference(), atOnce, true),
		"a manager that knows only what it is told of": under(plain(), inTime, false),
	} {
		for _, v := range r.Failed() { // the plain client also keeps a dead connection
			require.Equal(t, "gentleness", v.Oracle, "%s: %s", name, r)
		}
		require.NotEqual(t, record.NotJudged, r.Outcome, "%s: %s", name, r)
	}
	claims := under(syncs(plain()), inTime, false)
	require.Equal(t, "freshness", claims.Failed()[0].Oracle, claims.String())
	require.Contains(t, claims.Failed()[0].Evidence, "the deadline for the recovery from Blackhole(alpha/m1)",
		"it says that it reads the member list")
}

// A view may show an update that was under way when the fault began, be called fresh, and become stale only then. If a run goes on for less time than a
// recovery may take, that is no failure yet.
func TestARecoveryHasItsWholeTimeHoweverBriefTheRun(t *testing.T) {
	c, valve := valved()
	s := harness.Scenario{Name: "test", Clusters: three, Body: func(w *harness.World) {
		alpha := w.Cluster("alpha")
		w.StartManager(harness.WatchOn(alpha.Followers()[0])) // there the fault costs the manager nothing
		cut := w.Inject(fault.Isolate(alpha.Followers()[1]))
		closing := time.AfterFunc(w.Timing().Election, func() { valve.set(true) })
		opening := time.AfterFunc(4*w.Timing().Election, func() { valve.set(false) })
		defer closing.Stop()
		defer opening.Stop()
		cut.RequireRecovery(alpha)
	}}
	timing := bound.Production()
	timing.Stay = 2 * timing.Election // at its end the view is frozen
	r := harness.Execute(t.Context(), virtual.New(t, 1), s, c, harness.Options{Seed: 1, Timing: &timing})
	require.Equal(t, record.Passed, r.Outcome, r.String())
	require.Greater(t, r.Recovery, 3*timing.Election)
	require.Less(t, r.Recovery, r.Bound)
}
