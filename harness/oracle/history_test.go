package oracle

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
)

// timing gives the histories round bounds; TestHistoriesHaveRoundBounds says which.
func timing() bound.Timing {
	const ms = time.Millisecond
	return bound.Timing{
		Heartbeat: 100 * ms, Election: 900 * ms,
		ProbeInterval: 500 * ms, ProbeTimeout: 250 * ms, ProbeGrace: 300 * ms,
		ProgressInterval: 3000 * ms, IdleTimeout: 10000 * ms,
		RequestTimeout: 1000 * ms, BackoffCap: 1000 * ms,
		LeaseTTL: 6000 * ms, Refresh: 4000 * ms,
		Load: 500 * ms, Observe: 100 * ms,
	}
}

func TestHistoriesHaveRoundBounds(t *testing.T) {
	if err := timing().Check(); err != nil {
		t.Fatal(err)
	}
	b := bound.Bounds{Timing: timing()}
	for name, bounds := range map[string][2]time.Duration{
		"calm":       {b.Calm(), 200 * time.Millisecond},
		"failover":   {b.Failover(), 8 * time.Second},
		"start of 3": {b.Start(3), 6200 * time.Millisecond},
		"registered": {b.Registered(), 6200 * time.Millisecond},
		"close":      {b.Close(), 2250 * time.Millisecond},
		"idle late":  {b.IdleLate(), 200 * time.Millisecond},
		"idle early": {b.IdleEarly(), 0},
	} {
		if bounds[0] != bounds[1] {
			t.Errorf("the histories below take the %s bound to be %v, it is %v", name, bounds[1], bounds[0])
		}
	}
}

// event is something that happens in a history.
type event func(*record.Record)

// history is a run of 60 s: clusters alpha and beta of three members, led by m1 from the start; the manager starts at once
// (so that its views are judged from 6.2 s on), sits on m2, and is closed at 50 s.
func history(events ...event) *record.Record {
	members := []string{"m1", "m2", "m3"}
	r := &record.Record{
		Timing:   timing(),
		Clusters: []record.Cluster{{Name: "alpha", Members: members}, {Name: "beta", Members: members}},
		Leaders: []record.Leader{
			{Cluster: "alpha", Member: "m1", Term: 2}, {Cluster: "beta", Member: "m1", Term: 2},
		},
		ManagerClose: at(50), ManagerClosed: at(50.1), End: at(60),
	}
	for _, e := range events {
		e(r)
	}
	slices.SortStableFunc(r.Commits, func(a, b record.Commit) int { return int(a.At - b.At) })
	slices.SortStableFunc(r.Views, func(a, b record.View) int { return int(a.At - b.At) })
	return r
}

func at(seconds float64) time.Duration {
	return time.Duration(math.Round(seconds*1000)) * time.Millisecond
}

func task(name string) record.Subject {
	return record.Subject{Kind: record.Checkpoint, Name: name}
}

// commit commits a checkpoint; its revision is the number of the commit.
func commit(cluster string, when float64, name, value string) event {
	return func(r *record.Record) {
		r.Commits = append(r.Commits, record.Commit{
			Begun: at(when), At: at(when), Cluster: cluster, Subject: task(name), Value: value, Revision: int64(len(r.Commits) + 1),
		})
	}
}

// begun makes the latest commit one that was on its way since when.
func begun(when float64) event {
	return func(r *record.Record) { r.Commits[len(r.Commits)-1].Begun = at(when) }
}

// show changes one checkpoint in a view, at a revision that rises with time.
func show(cluster string, when float64, name, value string) event {
	return showAt(cluster, when, name, value, int64(when*1000))
}

func showAt(cluster string, when float64, name, value string, revision int64) event {
	return func(r *record.Record) {
		r.Views = append(r.Views, record.View{
			At: at(when), Cluster: cluster, Revision: revision, Changes: []record.Change{{Subject: task(name), Value: value}},
		})
	}
}

// seen is a commit that the view shows after lag.
func seen(cluster string, when, lag float64, name, value string) event {
	return all(commit(cluster, when, name, value), show(cluster, when+lag, name, value))
}

// beat commits every second and shows it after lag; the values count the seconds.
func beat(cluster string, from, to int, lag float64) event {
	return func(r *record.Record) {
		for s := from; s <= to; s++ {
			seen(cluster, float64(s), lag, "t", strconv.Itoa(s))(r)
		}
	}
}

func all(events ...event) event {
	return func(r *record.Record) {
		for _, e := range events {
			e(r)
		}
	}
}

// hang is a fault on m1 that leaves the quorum alone.
func hang(cluster string, from, to float64) event {
	return func(r *record.Record) {
		r.Faults = append(r.Faults, record.Fault{
			Text: fmt.Sprintf("HangDisk(%s/m1)", cluster), Scope: record.Scope{Cluster: cluster, Members: []string{"m1"}},
			From: at(from), To: at(to),
		})
	}
}

// mute is a fault that silences watches.
func mute(cluster string, from, to float64) event {
	return func(r *record.Record) {
		r.Faults = append(r.Faults, record.Fault{
			Text: fmt.Sprintf("DropProgress(%s)", cluster), Scope: record.Scope{Cluster: cluster, Silences: true},
			From: at(from), To: at(to),
		})
	}
}

// split is a fault that takes the quorum away.
func split(cluster string, from, to float64) event {
	return all(hang(cluster, from, to), func(r *record.Record) {
		r.Quorum = append(r.Quorum, record.QuorumLoss{Cluster: cluster, From: at(from), To: at(to)})
	})
}

// watch is a watch of the manager on m2 of a cluster; it answered until last. Silences are pairs of instants.
func watch(cluster, key string, opened, last, closed float64, silences ...float64) event {
	return func(r *record.Record) {
		w := record.Watch{
			ID: len(r.Watches) + 1, Cluster: cluster, Member: "m2", Key: key, Opened: at(opened), Last: at(last), Closed: at(closed),
		}
		for i := 0; i < len(silences); i += 2 {
			w.Silences = append(w.Silences, record.Silence{From: at(silences[i]), To: at(silences[i+1])})
		}
		r.Watches = append(r.Watches, w)
	}
}

// never is the instant of what did not happen.
const never = -0.001

// neverClosed is a run that ends with its manager alive.
func neverClosed(r *record.Record) { r.ManagerClose, r.ManagerClosed = -1, -1 }

// judgement is a history and what an oracle must say of it.
type judgement struct {
	name    string
	history *record.Record
	passes  bool
	// evidence are expressions that the evidence must match.
	evidence []string
}

// check judges each history twice, and requires the same verdict, of the oracle's name, with the evidence.
func check(t *testing.T, o Oracle, judgements []judgement) {
	t.Helper()
	for _, j := range judgements {
		t.Run(j.name, func(t *testing.T) {
			t.Helper()
			v := o.Judge(j.history)
			if again := o.Judge(j.history); again != v {
				t.Errorf("judged twice, once %s, once %s", v, again)
			}
			if v.Oracle != o.Name() {
				t.Errorf("the verdict is by %q, the oracle is %q", v.Oracle, o.Name())
			}
			if v.Passed != j.passes {
				t.Errorf("passed is %v, want %v: %s", v.Passed, j.passes, v.Evidence)
			}
			for _, want := range j.evidence {
				if !regexp.MustCompile(want).MatchString(v.Evidence) {
					t.Errorf("the evidence should match\n\t%s\nit is\n\t%s", want, v.Evidence)
				}
			}
		})
	}
}

func TestOraclesHaveNamesOfTheirOwnAndPassAnEmptyRecord(t *testing.T) {
	names := map[string]bool{}
	empty := &record.Record{Timing: timing(), ManagerStart: -1, ManagerClose: -1, ManagerClosed: -1}
	for _, o := range All() {
		if o.Name() == "" || names[o.Name()] {
			t.Errorf("%T has no name of its own: %q", o, o.Name())
		}
		names[o.Name()] = true
		if v := o.Judge(empty); !v.Passed || v.Evidence == "" {
			t.Errorf("of a record of nothing: %s", v)
		}
	}
	if len(names) != 7 {
		t.Errorf("%d oracles, want 7", len(names))
	}
}
