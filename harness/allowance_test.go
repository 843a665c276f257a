package harness_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/scenarios"
)

// valve holds the views of a manager back while a story says so: they stay what they were.
type valve struct {
	harness.Manager

	mu     sync.Mutex
	closed bool
	before harness.View
}

// valved is the plain manager behind a valve.
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

// holdFor shows nothing new for a while.
func (v *valve) holdFor(w *harness.World, d time.Duration) {
	v.set(true)
	w.Pass(d)
	v.set(false)
}

// A fault of two seconds excuses a view for what that fault costs to notice and to leave, counted from the heal. What the costliest of all
// faults may cost is no excuse.
func TestAShortFaultBuysNoLongExcuse(t *testing.T) {
	const short = 2 * time.Second
	type lengths struct{ own, longest time.Duration }
	// late is a view that stands still from a short fault on until so long after the heal.
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

// Once a view may have recovered it must be calm, however long the fault goes on.
func TestALongFaultIsNoLicenceToFlap(t *testing.T) {
	const hidden, times = time.Second, 3
	under := func(flapping bool) *harness.Result {
		c, valve := valved()
		return execute(t, three, c, func(w *harness.World) {
			alpha := w.Cluster("alpha")
			w.StartManager(harness.WatchOn(alpha.Followers()[0])) // where the fault costs it nothing but an election
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

// Two faults that overlap have no bound of their own: each change of circumstances gives the view what the worse of the two allows.
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

// A manager that can reach no member for longer than its lease lives, or whose cluster has no quorum for that long, is excused until the heal and
// then has what the faults allow.
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
