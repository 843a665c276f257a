package harness_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/fakes"
	"github.com/stormwatch/stormwatch/fakes/flawed"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

var (
	one   = []harness.Spec{{Name: "alpha", Members: 1}}
	three = []harness.Spec{{Name: "alpha", Members: 3}}
)

// run executes a scenario of a test and checks that the world is closed after it: no goroutine, no directory.
func run(t *testing.T, s harness.Scenario, c harness.Candidate) *harness.Result {
	t.Helper()
	return runWith(t, s, c, harness.Options{})
}

func runWith(t *testing.T, s harness.Scenario, c harness.Candidate, o harness.Options) *harness.Result {
	t.Helper()
	before := goleak.IgnoreCurrent()
	o.Dir = t.TempDir()
	s.Name = "a-test"
	result := harness.Execute(t.Context(), embedded.Engine{}, s, c, o)
	goleak.VerifyNone(t, before)
	left, err := os.ReadDir(o.Dir)
	require.NoError(t, err)
	require.Empty(t, left, "the world leaves its directory behind")
	return result
}

// failure is the evidence of the verdict of the given oracle, which must have failed.
func failure(t *testing.T, r *harness.Result, oracle string) string {
	t.Helper()
	require.False(t, r.Passed)
	for _, v := range r.Failed() {
		if v.Oracle == oracle {
			return v.Evidence
		}
	}
	require.Failf(t, "verdict missing", "no failed %q in %v", oracle, r.Verdicts)
	return ""
}

func startManager(w *harness.World) { w.StartManager() }

func TestBadWorldsAreRefusedAndClosed(t *testing.T) {
	for name, c := range map[string]struct {
		clusters []harness.Spec
		body     func(*harness.World)
		want     string
	}{
		"no cluster":            {nil, startManager, "a world needs at least one cluster"},
		"no members":            {[]harness.Spec{{Name: "alpha"}}, startManager, "cluster alpha has 0 members: want 1, 3 or 5"},
		"two members":           {[]harness.Spec{{Name: "alpha", Members: 2}}, startManager, "cluster alpha has 2 members: want 1, 3 or 5"},
		"a name twice":          {[]harness.Spec{{Name: "alpha", Members: 1}, {Name: "alpha", Members: 3}}, startManager, `two clusters are called "alpha"`},
		"a name that is a path": {[]harness.Spec{{Name: "../alpha", Members: 1}}, startManager, `cluster name "../alpha": want a lower-case letter`},
		"no manager":            {one, func(*harness.World) {}, "scenario a-test never starts its manager"},
		"the manager twice": {one, func(w *harness.World) {
			w.StartManager()
			w.StartManager()
		}, "the scenario starts its manager twice"},
		"an unknown cluster": {one, func(w *harness.World) { w.Cluster("omega") }, `no cluster "omega" in this world, only [alpha]`},
		"an unknown member":  {one, func(w *harness.World) { w.Cluster("alpha").Member("m7") }, `cluster alpha has no member "m7", only [alpha/m1]`},
		"a fault on a member that is down": {three, func(w *harness.World) {
			m := w.Cluster("alpha").Member("m2")
			w.Inject(fault.Kill(m))
			w.Inject(fault.HangDisk(m))
		}, "HangDisk(alpha/m2): member alpha/m2 is down: restart it first"},
		"a partition of nothing": {one, func(w *harness.World) {
			w.Inject(fault.Partition(w.Cluster("alpha").Members(), nil))
		}, "Partition([alpha/m1], []): a group is empty"},
		"a requirement before any fault": {one, func(w *harness.World) { w.RequireFailover(w.Cluster("alpha"), time.Second) }, "RequireFailover before any fault was injected"},
		"a panic":                        {one, func(*harness.World) { panic("at the disco") }, "panic: at the disco"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, harness.Scenario{Clusters: c.clusters, Load: fakes.Load, Body: c.body}, scenarios.Reference())
			require.Contains(t, failure(t, r, "scenario"), c.want)
			require.Contains(t, r.String(), "again: stormwatch run a-test --engine embedded --manager reference --seed 0")
		})
	}
}

func TestATimingThatCannotWorkIsRefused(t *testing.T) {
	timing := bound.Compressed()
	timing.IdleTimeout = timing.ProgressInterval
	r := runWith(t, harness.Scenario{Clusters: one, Body: startManager}, scenarios.Reference(), harness.Options{Timing: &timing})
	require.Contains(t, failure(t, r, "scenario"), "cannot keep an idle timeout of 1s from firing")
}

func TestAWorldClosesWhenItsScenarioFailsWithFaultsInForce(t *testing.T) {
	r := run(t, harness.Scenario{Clusters: three, Load: fakes.Load, Body: func(w *harness.World) {
		alpha := w.Cluster("alpha")
		w.StartManager()
		leader := alpha.Leader()
		w.Inject(fault.HangDisk(leader))
		w.Inject(fault.Freeze(leader))
		w.RequireFailover(alpha, w.Timing().Heartbeat)
	}}, scenarios.Reference())
	require.Contains(t, failure(t, r, "failover"), "alpha not fresh again within 0.050s")
	require.Less(t, r.Failover, time.Duration(0))
	for _, f := range r.Record.Faults {
		require.GreaterOrEqual(t, f.To, f.From, "%s was not healed", f.Text)
	}
}

func TestAWorldClosesWhenItsStoryEndsItsGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	dir := t.TempDir()
	ended := make(chan struct{})
	go func() { // what FailNow does, without failing this test
		defer close(ended)
		harness.Execute(context.Background(), embedded.Engine{}, harness.Scenario{Name: "a-test", Clusters: one, Load: fakes.Load, Body: func(w *harness.World) {
			w.StartManager()
			runtime.Goexit()
		}}, scenarios.Reference(), harness.Options{Dir: dir})
	}()
	<-ended
	goleak.VerifyNone(t, before)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAnInterruptedRunClosesItsWorld(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	before := goleak.IgnoreCurrent()
	r := harness.Execute(ctx, embedded.Engine{}, harness.Scenario{Name: "a-test", Clusters: one, Load: fakes.Load, Body: func(w *harness.World) {
		w.StartManager()
		interrupt()
		w.Pass(time.Hour)
	}}, scenarios.Reference(), harness.Options{Dir: t.TempDir()})
	goleak.VerifyNone(t, before)
	require.Contains(t, failure(t, r, "scenario"), "interrupted")
	require.Less(t, r.Wall, time.Minute)
}

// broken is a manager that shows nothing and does not end well.
type broken struct {
	harness.Manager
	closing func() error
}

func TestWhatAManagerLeavesBehindIsNamed(t *testing.T) {
	end := make(chan struct{})
	ended := make(chan struct{})
	leaky := harness.Candidate{Name: "leaky", New: func(s harness.Setup) (harness.Manager, error) {
		m, err := scenarios.Reference().New(s)
		go leakedLoop(end, ended)
		return m, err
	}}
	t.Cleanup(func() {
		close(end)
		<-ended
	})
	r := harness.Execute(t.Context(), embedded.Engine{}, harness.Scenario{Name: "a-test", Clusters: one, Load: fakes.Load, Body: startManager}, leaky, harness.Options{Dir: t.TempDir()})
	require.Contains(t, failure(t, r, "leaks"), "leakedLoop")
}

func leakedLoop(end, ended chan struct{}) {
	<-end
	close(ended)
}

func TestAManagerThatNeverClosesIsNamed(t *testing.T) {
	release := make(chan struct{})
	closed := make(chan struct{})
	stuck := harness.Candidate{Name: "stuck", New: func(s harness.Setup) (harness.Manager, error) {
		m, err := scenarios.Reference().New(s)
		if err != nil {
			return nil, err
		}
		return broken{Manager: m, closing: func() error {
			defer close(closed)
			<-release
			return m.Close()
		}}, nil
	}}
	r := harness.Execute(t.Context(), embedded.Engine{}, harness.Scenario{Name: "a-test", Clusters: one, Load: fakes.Load, Body: startManager}, stuck, harness.Options{Dir: t.TempDir()})
	close(release)
	<-closed
	require.Contains(t, failure(t, r, "leaks"), "Close")
}

func (b broken) Close() error { return b.closing() }

func TestAManagerWhoseApplyNeverReturnsIsNamed(t *testing.T) {
	stuck := harness.Candidate{Name: "stuck", New: func(s harness.Setup) (harness.Manager, error) {
		m, err := scenarios.Reference().New(s)
		return stuckApply{m, make(chan struct{})}, err
	}}
	r := harness.Execute(t.Context(), virtual.New(t, 1), harness.Scenario{Name: "a-test", Clusters: one, Body: startManager}, stuck, harness.Options{})
	require.Contains(t, failure(t, r, "scenario"), "start the manager: its Apply has not returned after")
	require.Len(t, r.Failed(), 1, "it is closed all the same, and nothing is left: %s", r)
}

// stuckApply is a manager whose Apply heeds no context, only the manager's end.
type stuckApply struct {
	harness.Manager
	closed chan struct{}
}

func (s stuckApply) Apply(context.Context, []harness.Target) error {
	<-s.closed
	return nil
}

func (s stuckApply) Close() error {
	close(s.closed)
	return s.Manager.Close()
}

func TestAManagerThatPanicsInApplyIsNamed(t *testing.T) {
	panics := harness.Candidate{Name: "panics", New: func(s harness.Setup) (harness.Manager, error) {
		m, err := scenarios.Reference().New(s)
		return panickingApply{m}, err
	}}
	r := run(t, harness.Scenario{Clusters: one, Body: startManager}, panics)
	require.Contains(t, failure(t, r, "scenario"), "start the manager: panic: no such target")
}

type panickingApply struct{ harness.Manager }

func (panickingApply) Apply(context.Context, []harness.Target) error { panic("no such target") }

func TestAManagerThatCannotStartIsAClearError(t *testing.T) {
	r := run(t, harness.Scenario{Clusters: one, Body: startManager}, harness.Candidate{
		Name: "none", New: func(harness.Setup) (harness.Manager, error) { return nil, errors.New("no licence") },
	})
	require.Contains(t, failure(t, r, "scenario"), "start the manager: no licence")
}

// A grant whose answer is late is asked for again, and may be carried out as often as it was asked for. No lease of it is the manager's.
func TestALeaseOfAFakeIsNotTheManagers(t *testing.T) {
	s := harness.Scenario{Name: "a-test", Clusters: three, Load: func(w *harness.World) {
		fakes.Load(w)
		w.Go("tidb that comes and goes", (&fakes.TiDB{Cluster: w.Cluster("alpha"), Address: "10.0.0.4:4000", Turns: 1}).Run)
	}, Body: func(w *harness.World) {
		w.StartManager()
		w.Inject(fault.HangApply(w.Cluster("alpha").Leader()))
		w.Pass(10 * w.Timing().Election)
	}}
	r := harness.Execute(t.Context(), virtual.New(t, 1), s, scenarios.Reference(), harness.Options{Seed: 1})
	require.True(t, r.Passed, r.String())
}

func TestWhatFlapsIsNotSteady(t *testing.T) {
	for name, test := range map[string]struct {
		fault func(*harness.Cluster) harness.Fault
		want  string
	}{
		"another leader": {func(c *harness.Cluster) harness.Fault { return fault.MoveLeader(c.Followers()[0]) }, `alpha: leader "m`},
		"a watch closed": {func(c *harness.Cluster) harness.Fault { return fault.Reset(c.Leader()) }, "alpha: a watch on m"},
		"neither":        {func(c *harness.Cluster) harness.Fault { return fault.Reset(c.Followers()[0]) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := harness.Scenario{Name: "a-test", Clusters: three, Load: fakes.Load, Body: func(w *harness.World) {
				alpha := w.Cluster("alpha")
				w.StartManager(harness.WatchOn(alpha.Leader()))
				w.Inject(test.fault(alpha))
				w.Pass(w.Timing().Election)
				w.RequireSteady(alpha)
			}}
			r := harness.Execute(t.Context(), virtual.New(t, 1), s, scenarios.Reference(), harness.Options{Seed: 1})
			if test.want == "" {
				require.True(t, r.Passed, r.String())
				return
			}
			require.Contains(t, failure(t, r, "steady"), test.want)
		})
	}
}

// What was committed and shown just before a fault, and answered just after it, says nothing about the watch since.
func TestAnUpdateOnItsWayWhenTheFaultBeganIsNoSignOfLife(t *testing.T) {
	guarded := harness.Candidate{Name: "guarded", New: flawed.Guarded}
	s := harness.Scenario{Name: "a-test", Clusters: three, Load: writeWithSlowAnswers, Body: func(w *harness.World) {
		alpha := w.Cluster("alpha")
		w.StartManager(harness.WatchOn(alpha.Leader()))
		// An answer was noted at most one look ago, and the next is on its way a heartbeat before it is due.
		w.Pass(w.Timing().Load - w.Timing().Heartbeat)
		w.Inject(fault.WithholdEvents(alpha.Leader()))
		w.RequireFailover(alpha, w.Bounds().WithheldEvents())
	}}
	r := harness.Execute(t.Context(), virtual.New(t, 1), s, guarded, harness.Options{Seed: 1})
	require.Contains(t, failure(t, r, "failover"), "alpha not fresh again")
}

// writeWithSlowAnswers moves a checkpoint; each answer is on its way for a heartbeat.
func writeWithSlowAnswers(w *harness.World) {
	alpha := w.Cluster("alpha")
	answer := w.Timing().Heartbeat
	w.Go("a writer with slow answers", func(ctx context.Context) error {
		for i := uint64(1); ; i++ {
			begun, err := alpha.Commit(ctx, func(ctx context.Context, c *clientv3.Client) error {
				if _, err := c.Put(ctx, fakes.CheckpointKey("slow"), string(binary.BigEndian.AppendUint64(nil, i))); err != nil {
					return err
				}
				return wait(ctx, answer)
			})
			if err != nil {
				return err
			}
			alpha.Record(begun, record.Subject{Kind: record.Checkpoint, Name: "slow"}, fmt.Sprint(i), int64(i))
			if err := wait(ctx, alpha.LoadInterval()-answer); err != nil {
				return err
			}
		}
	})
}

// wait lets d pass, unless ctx ends first.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestAManagersDrawsFollowTheSeed(t *testing.T) {
	drawn := func(seed uint64) (draws []float64) {
		candidate := harness.Candidate{Name: "none", New: func(s harness.Setup) (harness.Manager, error) {
			draws = []float64{s.Rand(), s.Rand(), s.Rand()}
			return nil, errors.New("enough")
		}}
		harness.Execute(t.Context(), embedded.Engine{}, harness.Scenario{Name: "a-test", Clusters: one, Body: startManager}, candidate,
			harness.Options{Dir: t.TempDir(), Seed: seed})
		return draws
	}
	first := drawn(1)
	require.Len(t, first, 3)
	require.Equal(t, first, drawn(1))
	require.NotEqual(t, first, drawn(2))
}

func TestARemovedClusterIsLetGoWhole(t *testing.T) {
	r := run(t, harness.Scenario{Clusters: []harness.Spec{{Name: "alpha", Members: 1}, {Name: "beta", Members: 1}}, Load: fakes.Load, Body: func(w *harness.World) {
		w.StartManager()
		w.Manage(w.Cluster("alpha"))
		_, managed := w.View("beta")
		if managed {
			w.Note("beta is still managed")
		}
	}}, scenarios.Reference())
	require.True(t, r.Passed, r.String())
	require.Empty(t, r.Record.Notes)
	beta, _ := r.Record.Cluster("beta")
	require.Positive(t, beta.Until)
}

func TestPlacementPutsTheWatchWhereItIsAsked(t *testing.T) {
	for _, name := range []string{"m1", "m2", "m3"} {
		t.Run(name, func(t *testing.T) {
			r := run(t, harness.Scenario{Clusters: three, Load: fakes.Load, Body: func(w *harness.World) {
				m := w.Cluster("alpha").Member(name)
				w.StartManager(harness.WatchOn(m))
				if seats := w.Cluster("alpha").WatchMembers(); len(seats) != 1 || seats[0] != m {
					panic(seats)
				}
				// The links of the others are open again.
				for _, other := range w.Cluster("alpha").Members() {
					if w.Board().On(other.Point(point.ClientAccept)) {
						panic(other)
					}
				}
			}}, scenarios.Reference())
			require.True(t, r.Passed, r.String())
		})
	}
}

func TestAResultIsOneJSONObject(t *testing.T) {
	r := run(t, harness.Scenario{Clusters: three, Load: fakes.Load, Body: func(w *harness.World) {
		w.StartManager()
		w.Inject(fault.MoveLeader(w.Cluster("alpha").Followers()[0]))
		w.RequireFailover(w.Cluster("alpha"), w.Bounds().LostLeader())
	}}, scenarios.Reference())
	text, err := json.Marshal(r)
	require.NoError(t, err)
	var got struct {
		Scenario, Engine, Manager, Again string
		Seed                             uint64
		Passed                           bool
		FailoverMS                       *float64 `json:"failover_ms"`
		BoundMS                          *float64 `json:"bound_ms"`
		MaxStalenessMS                   float64  `json:"max_staleness_ms"`
		WallMS                           float64  `json:"wall_ms"`
		VirtualMS                        float64  `json:"virtual_ms"`
		Verdicts                         []record.Verdict
	}
	require.NoError(t, json.Unmarshal(text, &got))
	require.True(t, got.Passed, r.String())
	require.Equal(t, "a-test", got.Scenario)
	require.InDelta(t, r.Failover.Seconds()*1000, *got.FailoverMS, 0.001)
	require.InDelta(t, r.Bound.Seconds()*1000, *got.BoundMS, 0.001)
	require.Positive(t, got.WallMS)
	require.Len(t, got.Verdicts, len(r.Verdicts))
}
