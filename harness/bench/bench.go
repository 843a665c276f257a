// Package bench measures how long managers take to recover from faults. The command bench and BenchmarkFailover of package scenarios both measure with
// it, so the same seeds give the same figures in both:
//
//	Case (a fault) ──► Scenario ──┐
//	candidate, engine, seed ──────┴► Measure ──► Measurement ─┬► Series ──► Summary (minimum, median, p99, maximum), JSON
//	                                             Measurement ─┘
//
// A measurement begins with the fault, which then lasts. It ends when the view is fresh again for good: see [harness.Injection.Measure].
package bench

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Case is a fault from which recovery is measured, as [fault.Parse] reads it, and the name of the case.
type Case struct{ Name, Fault string }

// Cases returns the cases that are measured if nobody says which.
func Cases() []Case {
	return []Case{
		{"hung-leader-disk", "HangDisk(alpha/leader)"},
		{"leader-isolated", "Isolate(alpha/leader)"},
		{"member-frozen", "Freeze(alpha/follower)"},
		{"leader-killed", "Kill(alpha/leader)"},
		{"client-blackholed", "Blackhole(alpha/leader)"},
	}
}

// scenario makes the scenario in which a recovery is measured. Its clusters have three members. The manager's watch is on the member that the fault
// will strike. After the manager has had time to settle, the fault begins at an instant that the seed draws. The error says that the fault cannot be
// read.
func (c Case) scenario() (harness.Scenario, error) {
	f, err := fault.Parse(c.Fault)
	if err != nil {
		return harness.Scenario{}, err
	}
	s := harness.Scenario{Name: c.Name, Clusters: threeEach(f)}
	s.Body = func(w *harness.World) {
		var on []harness.Placement
		if m, one := f.Member(); one && m.Member != harness.RoleWatched {
			on = append(on, harness.WatchOn(m))
		}
		w.StartManager(on...)
		// StartManager closes links to make the manager's watch begin on the wanted member. After that the manager may need this long to use
		// those links again, since gRPC and the manager both wait between attempts.
		t := w.Timing()
		w.Pass(2*t.BackoffCap + t.RequestTimeout)
		// In production a fault can begin at any point between two probes or polls of the manager, so we draw the instant.
		w.Pass(time.Duration(w.Rand.Int64N(int64(round(t)))))
		w.Inject(f).Measure(w.Clusters()[0], Longest(t))
	}
	return s, nil
}

// threeEach makes the clusters that a fault names, each once, with three members and what else the fault needs.
func threeEach(f fault.Fault) []harness.Spec {
	var specs []harness.Spec
	seen := map[string]bool{}
	for _, name := range f.Clusters() {
		if !seen[name] {
			specs = append(specs, f.Suit(harness.Spec{Name: name, Members: 3}))
		}
		seen[name] = true
	}
	return specs
}

const (
	longest          = 3 * time.Minute
	longestRealTime  = 45 * time.Second
	unknownIntervals = 10 * time.Second
)

// Longest is how long a measurement with this timing waits for a fresh view. A view that is not fresh by then counts as never recovered. It is three
// minutes in virtual time, and 45 seconds where time is real and the intervals are a quarter as long.
func Longest(t bound.Timing) time.Duration {
	if realTime(t) {
		return longestRealTime
	}
	return longest
}

// round is the longest period of what the manager does periodically, as far as its timing says. In virtual time, where waiting costs little, we expect
// ten seconds of a manager that does not say all of its intervals.
func round(t bound.Timing) time.Duration {
	named := max(t.Poll, t.ProbeInterval, t.ProgressInterval, t.Load)
	if realTime(t) {
		return named
	}
	return max(named, unknownIntervals)
}

// realTime says whether a timing is that of an engine in real time. Only there does a machine keep a runnable goroutine waiting.
func realTime(t bound.Timing) bool { return t.Slack > 0 }

// Measurement is what one seed gave.
type Measurement struct {
	Seed uint64
	// Took is how long the view took to be fresh again. It is negative if the view was not fresh within [Longest]. Bound is what the fault allows.
	Took, Bound time.Duration
	// Stale is the largest staleness of the view since the fault began. Unlike Took it does not contain the election, for which the manager
	// is not to blame: nothing is committed during an election, so the view does not become stale.
	Stale time.Duration
	// Failure says why nothing could be measured; empty if something was. NotJudged is set if the manager is not to blame, Usage if the
	// measurement was asked for wrongly.
	Failure          string
	NotJudged, Usage bool
}

// Options are the options of a measurement. The zero value is a measurement with seed 0 and the candidate's usual workload, on the engine's timing.
type Options struct {
	Seed     uint64
	Workload string // the name of one of the candidate's workloads; empty: its usual one
	Dir      string // the directory in which the world makes its own; empty: the one that the engine prefers
	// Set replaces one interval of the engine's timing. Nil: none.
	Set *Setting
}

// Measure makes the run of one seed and returns the recovery. It blocks until the run has ended; the end of ctx interrupts it.
func Measure(ctx context.Context, e harness.Engine, c Case, m harness.Candidate, o Options) Measurement {
	broken := func(err error) Measurement {
		return Measurement{Seed: o.Seed, Failure: err.Error(), NotJudged: true, Usage: true}
	}
	s, err := c.scenario()
	if err != nil {
		return broken(err)
	}
	// Without Stay the run ends when the view has recovered. A measurement does not need what the oracles would judge after that.
	timing := e.Timing()
	timing.Stay = 0
	if o.Set != nil {
		if timing, err = o.Set.apply(timing, m); err != nil {
			return broken(err)
		}
	}
	r := harness.Execute(ctx, e, s, m, harness.Options{Seed: o.Seed, Workload: o.Workload, Dir: o.Dir, Timing: &timing})
	return of(r)
}

// of makes the measurement of a run's result.
func of(r *harness.Result) Measurement {
	switch {
	case r.Outcome == record.NotJudged || r.Outcome == record.NotAsked:
		return Measurement{Seed: r.Seed, Failure: string(r.Outcome) + ": " + r.Cause, NotJudged: true, Usage: r.Usage}
	case r.Bound > 0:
		// The scenario came to its end. That oracles fail for a view that never recovered adds nothing to the measurement.
		return Measurement{Seed: r.Seed, Took: r.Recovery, Bound: r.Bound, Stale: stalest(r.Record)}
	}
	said := []string{"nothing was measured"}
	for _, v := range r.Failed() {
		said = append(said, v.String())
	}
	return Measurement{Seed: r.Seed, Failure: strings.Join(said, "; ")}
}

// stalest returns the largest staleness of the first cluster's view since the first fault began.
func stalest(r *record.Record) (most time.Duration) {
	from := r.Faults[0].From
	tenure, ok := r.TenureAt(r.Clusters[0].Name, from)
	if !ok {
		return 0
	}
	for _, p := range r.Staleness(tenure) {
		if p.At >= from {
			most = max(most, p.Staleness)
		}
	}
	return most
}

// InTest calls f with a test that package testing runs, which an engine in virtual time needs, where there is only a benchmark or none at all. It blocks
// until f has returned, and says whether the test passed.
func InTest(name string, f func(*testing.T)) (passed bool) {
	once := false // testing repeats tests as often as -count says
	return testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: name, F: func(t *testing.T) {
		if !once {
			once = true
			f(t)
		}
	}}})
}
