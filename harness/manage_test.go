package harness_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

var two = []harness.Spec{{Name: "alpha", Members: 1}, {Name: "beta", Members: 1}}

// applying is a manager with another Apply.
type applying struct {
	harness.Manager
	apply func(context.Context, []harness.Target) error
}

func (a applying) Apply(ctx context.Context, targets []harness.Target) error {
	return a.apply(ctx, targets)
}

func TestAnApplyThatFailsIsTheManagersFailure(t *testing.T) {
	for want, apply := range map[string]func(context.Context, []harness.Target) error{
		"Apply of [alpha]: no licence": func(context.Context, []harness.Target) error { return errors.New("no licence") },
		"Apply of [alpha]: it panicked: no such target, in github.com/stormwatch/stormwatch/harness_test.": func(context.Context, []harness.Target) error {
			panic("no such target")
		},
	} {
		c := altered(func(m harness.Manager) harness.Manager { return applying{m, apply} })
		require.Contains(t, failure(t, execute(t, one, c, startManager), "start"), want)
	}
}

func TestAnApplyThatNeverReturnsIsNamed(t *testing.T) {
	c := altered(func(m harness.Manager) harness.Manager {
		closed := make(chan struct{})
		stuck := applying{m, func(context.Context, []harness.Target) error { <-closed; return nil }}
		return closing{stuck, func() error { close(closed); return m.Close() }}
	})
	require.Contains(t, failure(t, execute(t, one, c, startManager), "start"), "Apply of [alpha] has not returned after")
}

// The context of Apply ends when Apply returns, so what continues after Apply must not use it.
func TestTheContextOfApplyEndsWithIt(t *testing.T) {
	var applied context.Context
	c := altered(func(m harness.Manager) harness.Manager {
		return applying{m, func(ctx context.Context, targets []harness.Target) error {
			applied = ctx
			return m.Apply(ctx, targets)
		}}
	})
	r := execute(t, one, c, func(w *harness.World) {
		w.StartManager()
		w.Pass(w.Timing().Heartbeat)
		if applied.Err() == nil {
			w.Abort(errors.New("the context lives on"))
		}
	})
	require.Equal(t, record.Passed, r.Outcome, r.String())
}

func TestWhatAManagerLeavesBehindIsNamed(t *testing.T) {
	c := altered(func(m harness.Manager) harness.Manager {
		return applying{m, func(ctx context.Context, targets []harness.Target) error {
			go leakedLoop()
			return m.Apply(ctx, targets)
		}}
	})
	require.Contains(t, failure(t, execute(t, one, c, startManager), "leaks"), "leakedLoop")
}

func leakedLoop() { <-make(chan struct{}) }

func TestAManagerThatNeverClosesIsNamed(t *testing.T) {
	c := altered(func(m harness.Manager) harness.Manager {
		return closing{m, func() error { <-make(chan struct{}); return nil }}
	})
	require.Contains(t, failure(t, execute(t, one, c, startManager), "leaks"), "Close, called at ")
}

func TestARemovedClusterIsLetGoWhole(t *testing.T) {
	r := execute(t, two, plain(), func(w *harness.World) {
		w.StartManager()
		w.Manage(w.Cluster("alpha"))
		if _, managed := w.View("beta"); managed {
			w.Abort(errors.New("beta is still managed"))
		}
	})
	require.Equal(t, record.Passed, r.Outcome, r.String())
	require.Len(t, r.Record.Tenures, 2)
	require.Positive(t, r.Record.Tenures[1].To)
}

// When a removed cluster is managed again, a new tenure begins. Its view may begin from an older state, which does not count as a way back.
func TestAClusterIsManagedAgainInAnotherTenure(t *testing.T) {
	for _, c := range []harness.Candidate{plain(), scenarios.Reference()} {
		r := execute(t, two, c, func(w *harness.World) {
			w.StartManager()
			w.Manage(w.Cluster("alpha"))
			w.Pass(w.Timing().Election)
			w.Manage(w.Clusters()...)
			w.RequireFresh(w.Cluster("beta"))
		})
		require.Equal(t, record.Passed, r.Outcome, r.String())
		require.Len(t, r.Record.Tenures, 3)
	}
}

// The first of two tenures is judged like the second.
func TestAStaleViewInAFirstTenureIsFound(t *testing.T) {
	r := execute(t, three, plain(), func(w *harness.World) {
		alpha := w.Cluster("alpha")
		w.StartManager(harness.WatchOn(alpha.Leader()))
		w.Inject(fault.HangDisk(alpha.Leader()))
		w.Pass(w.Bounds().HungLeader() + time.Second)
		w.Manage()
		w.Manage(alpha)
		w.Pass(w.Bounds().HungLeader())
	})
	require.Contains(t, failure(t, r, "freshness"), "HangDisk(alpha/m")
}

func TestPlacementAttachesTheManagerWhereItIsAsked(t *testing.T) {
	for _, name := range []string{"m1", "m2", "m3"} {
		t.Run(name, func(t *testing.T) {
			r := execute(t, three, plain(), func(w *harness.World) {
				alpha := w.Cluster("alpha")
				w.StartManager(harness.WatchOn(alpha.Member(name)))
				if on := alpha.AttachedMembers(); len(on) != 1 || on[0].Name() != name {
					w.Abort(errors.New("it is elsewhere"))
				}
				watched, err := w.Resolve(harness.Ref{Cluster: "alpha", Member: harness.RoleWatched})
				if err != nil || watched.Name() != name {
					w.Abort(errors.New("the role says otherwise"))
				}
			})
			require.Equal(t, record.Passed, r.Outcome, r.String())
		})
	}
}

func TestWhatFlapsIsNotSteady(t *testing.T) {
	for name, test := range map[string]struct {
		fault func(*harness.Cluster) harness.Fault
		want  string
	}{
		"another leader": {func(c *harness.Cluster) harness.Fault { return fault.MoveLeader(c.Followers()[0]) }, `alpha: leader "m`},
		"a watch moved":  {func(c *harness.Cluster) harness.Fault { return fault.Reset(c.Leader()) }, "alpha: a watch of /counters/ moved to m"},
		"neither":        {func(c *harness.Cluster) harness.Fault { return fault.Reset(c.Followers()[0]) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := execute(t, three, plain(), func(w *harness.World) {
				alpha := w.Cluster("alpha")
				w.StartManager(harness.WatchOn(alpha.Leader()))
				w.Pass(5 * w.Timing().Election) // by then the manager can use the links again that StartManager had closed
				hurt := w.Inject(test.fault(alpha))
				w.Pass(w.Timing().Election)
				hurt.RequireSteady(alpha)
			})
			if test.want == "" {
				require.Equal(t, record.Passed, r.Outcome, r.String())
				return
			}
			require.Contains(t, failure(t, r, "steady"), test.want)
		})
	}
}

// An update may be committed and shown just before a fault begins, while its writer gets the response just after that. The update does not show that
// the view has recovered from the fault.
func TestAnUpdateOnItsWayWhenTheFaultBeganIsNoSignOfLife(t *testing.T) {
	w := counters.Workload()
	w.Programs = func() []harness.Program { return []harness.Program{{Name: "slow", Run: countWithSlowAnswers}} }
	c := plain()
	c.Workloads = []*harness.Workload{w}
	r := execute(t, three, c, func(w *harness.World) {
		alpha := w.Cluster("alpha")
		w.StartManager(harness.WatchOn(alpha.Leader()))
		// A response was recorded at most one Observe ago. The next update is committed one load interval later, and its response follows after
		// a heartbeat. So at this time an update has been committed whose response is still on its way.
		w.Pass(w.Timing().Load - w.Timing().Heartbeat)
		w.Inject(fault.WithholdEvents(alpha.Leader())).RequireRecovery(alpha)
	})
	require.Contains(t, failure(t, r, "freshness"), "WithholdEvents(alpha/m")
	require.Less(t, r.Recovery, time.Duration(0))
}

// countWithSlowAnswers counts up; each response arrives a heartbeat late.
func countWithSlowAnswers(ctx context.Context, l *harness.Ledger) error {
	const answer = 100 * time.Millisecond
	pace := l.Pace()
	defer pace.End()
	for n := 1; pace.Next(ctx); n++ {
		if err := harness.WriteSlowly(ctx, l, harness.Subject{Kind: "counter", Name: "one"}, strconv.Itoa(n), answer, counters.Prefix+"one"); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func TestAManagersDrawsFollowTheSeed(t *testing.T) {
	drawn := func(seed uint64) (draws []float64) {
		c := plain()
		c.New = func(s harness.Setup) (harness.Manager, error) {
			draws = []float64{s.Rand(), s.Rand(), s.Rand()}
			return nil, errors.New("enough")
		}
		s := harness.Scenario{Name: "a-test", Clusters: one, Body: startManager}
		harness.Execute(t.Context(), virtual.New(t, seed), s, c, harness.Options{Seed: seed})
		return draws
	}
	first := drawn(1)
	require.Len(t, first, 3)
	require.Equal(t, first, drawn(1))
	require.NotEqual(t, first, drawn(2))
}

func TestAResultIsOneJSONObject(t *testing.T) {
	r := execute(t, three, plain(), func(w *harness.World) {
		w.StartManager()
		w.Inject(fault.MoveLeader(w.Cluster("alpha").Followers()[0])).RequireRecovery(w.Cluster("alpha"))
	})
	text, err := json.Marshal(r)
	require.NoError(t, err)
	var got struct {
		Scenario, Engine, Manager, Workload, Again string
		Seed                                       uint64
		Outcome                                    record.Outcome
		RecoveryMS                                 *float64 `json:"recovery_ms"`
		BoundMS                                    *float64 `json:"bound_ms"`
		MaxStalenessMS                             float64  `json:"max_staleness_ms"`
		WallMS                                     float64  `json:"wall_ms"`
		VirtualMS                                  float64  `json:"virtual_ms"`
		Verdicts                                   []record.Verdict
	}
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, record.Passed, got.Outcome, r.String())
	require.Equal(t, "a-test", got.Scenario)
	require.Equal(t, "counters", got.Workload)
	require.InDelta(t, r.Recovery.Seconds()*1000, *got.RecoveryMS, 0.001)
	require.InDelta(t, r.Bound.Seconds()*1000, *got.BoundMS, 0.001)
	require.Positive(t, got.WallMS)
	require.Equal(t, r.Verdicts, got.Verdicts)
}

// The error of a client that is made without the world's dial options says what is missing.
func TestAClientWithoutDialOptionsIsToldSo(t *testing.T) {
	c := plain()
	c.New = harness.Mirror{
		Client: func(config *clientv3.Config) { config.DialOptions = nil },
		Follow: func(ctx context.Context, client *clientv3.Client, _ func(harness.View)) error {
			_, err := client.Get(ctx, counters.Prefix)
			return err
		},
	}.New
	r := execute(t, one, c, startManager)
	failure(t, r, "freshness")
	require.NotEmpty(t, r.Record.Errors)
	require.Contains(t, r.Record.Errors[0].Text, "make its configuration with Target.Config")
}

func TestEachApplyNamesTheEndpointsInAnotherOrder(t *testing.T) {
	var given [][]string
	c := altered(func(m harness.Manager) harness.Manager {
		return applying{m, func(ctx context.Context, targets []harness.Target) error {
			given = append(given, targets[0].Endpoints)
			return m.Apply(ctx, targets)
		}}
	})
	three := []harness.Spec{{Name: "alpha", Members: 3}}
	execute(t, three, c, func(w *harness.World) {
		w.StartManager()
		w.Manage(w.Cluster("alpha"))
	})
	require.Len(t, given, 2)
	require.NotEqual(t, given[0], given[1])
	require.ElementsMatch(t, given[0], given[1])
}
