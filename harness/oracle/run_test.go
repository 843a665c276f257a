package oracle

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
)

// timing is a timing whose bounds are round numbers; TestHistoriesHaveRoundBounds lists them.
func timing() bound.Timing {
	const ms = time.Millisecond
	m := bound.Manager{
		ProbeInterval: 500 * ms, ProbeTimeout: 250 * ms, ProbeGrace: 300 * ms,
		ProgressInterval: 3000 * ms, IdleTimeout: 10000 * ms,
		RequestTimeout: 1000 * ms, BackoffCap: 1000 * ms,
		LeaseTTL: 6000 * ms, Refresh: 4000 * ms, KeepAlive: 5000 * ms,
	}
	return bound.Timing{Heartbeat: 100 * ms, Election: 900 * ms, Manager: m, Load: 500 * ms, Observe: 100 * ms}.With(m)
}

func TestHistoriesHaveRoundBounds(t *testing.T) {
	require.NoError(t, timing().Check())
	b := bound.Bounds{Timing: timing()}
	for name, bounds := range map[string][2]time.Duration{
		"calm":          {b.Calm(), 200 * time.Millisecond},
		"hung leader":   {b.HungLeader(), 8 * time.Second},
		"silent member": {b.SilentMember(), 4 * time.Second},
		"failover":      {b.Failover(), 8 * time.Second},
		"start of 3":    {b.Start(3), 6200 * time.Millisecond},
		"registered":    {b.Registered(), 6200 * time.Millisecond},
		"close":         {b.Close(), 2250 * time.Millisecond},
		"idle late":     {b.IdleLate(), 200 * time.Millisecond},
		"idle early":    {b.IdleEarly(), 0},
		"look":          {b.Look(), 5 * time.Millisecond},
		"attach":        {b.Attach(), 2 * time.Second},
		"dead":          {b.DeadConnection(), 10 * time.Second},
		"cut off":       {b.CutOff(), 10200 * time.Millisecond},
		"window":        {b.Window(), time.Second},
	} {
		require.Equal(t, bounds[1], bounds[0], "the histories of these tests count on it: the %s bound", name)
	}
}

// event is something that happens in a history.
type event func(*record.Record)

// run is one of 60 s: clusters alpha and beta of three members, led by m1 from the start; the manager starts at once
// (so that its views are judged from 6.2 s on), has its watches on m2, and is closed at 50 s.
func run(events ...event) *record.Record {
	members := []string{"m1", "m2", "m3"}
	r := &record.Record{
		Manager:  1,
		Timing:   timing(),
		Clusters: []record.Cluster{{Name: "alpha", Members: members}, {Name: "beta", Members: members}},
		Kinds:    []record.Kind{{Name: "checkpoint", Rising: true}, {Name: "backend"}},
		Tenures:  []record.Tenure{{Cluster: "alpha", To: -1}, {Cluster: "beta", To: -1}},
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

// subject is a backend if its name begins with "b", else a checkpoint, of the rising kind.
func subject(name string) record.Subject {
	if strings.HasPrefix(name, "b") {
		return record.Subject{Kind: "backend", Name: name}
	}
	return record.Subject{Kind: "checkpoint", Name: name}
}

// commit commits an update; its revision is the number of the commit.
func commit(cluster string, when float64, name, value string) event {
	return func(r *record.Record) {
		r.Commits = append(r.Commits, record.Commit{
			Begun: at(when), At: at(when), Cluster: cluster, Subject: subject(name), Value: value, Revision: int64(len(r.Commits) + 1),
		})
	}
}

// begun sets when the latest commit began.
func begun(when float64) event {
	return func(r *record.Record) { r.Commits[len(r.Commits)-1].Begun = at(when) }
}

// show is a view without a revision that changes one subject.
func show(cluster string, when float64, name, value string) event {
	return showAt(cluster, when, name, value, 0)
}

// showAt is a view with a revision that changes one subject.
func showAt(cluster string, when float64, name, value string, revision int64) event {
	return func(r *record.Record) {
		r.Views = append(r.Views, record.View{
			At: at(when), Cluster: cluster, Revision: revision, Changes: []record.Change{{Subject: subject(name), Value: value}},
		})
	}
}

// seen is a commit that the view shows after lag.
func seen(cluster string, when, lag float64, name, value string) event {
	return all(commit(cluster, when, name, value), show(cluster, when+lag, name, value))
}

// steady commits an update every second and shows each after lag; the values count the seconds.
func steady(cluster string, from, to int, lag float64) event {
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

// hang is a fault on m1 that does not cost the quorum. Its allowance is the hung leader's bound, 8 s.
func hang(cluster string, from, to float64) event {
	return fault(cluster, "HangDisk", from, to, record.Allowance{Name: "hung leader", Recovery: 8 * time.Second})
}

// blackhole is a fault on m1. Its allowance is the silent member's bound, 4 s.
func blackhole(cluster string, from, to float64) event {
	return fault(cluster, "Blackhole", from, to, record.Allowance{Name: "silent member", Recovery: 4 * time.Second})
}

// slowDisk is a fault on m1. It allows 1 s to recover, and then 1 s more than calm for as long as it is in force.
func slowDisk(cluster string, from, to float64) event {
	return fault(cluster, "SlowDisk", from, to, record.Allowance{Name: "slow", Recovery: time.Second, Lasting: time.Second})
}

func fault(cluster, name string, from, to float64, a record.Allowance) event {
	return func(r *record.Record) {
		r.Faults = append(r.Faults, record.Fault{
			Text: fmt.Sprintf("%s(%s/m1)", name, cluster), Scope: record.Scope{Cluster: cluster, Members: []string{"m1"}},
			Allowance: a, From: at(from), To: at(to),
		})
	}
}

// dropProgress is a fault that silences the watches on m2 and m3.
func dropProgress(cluster string, from, to float64) event {
	return all(fault(cluster, "DropProgress", from, to, record.Allowance{}), func(r *record.Record) {
		r.Faults[len(r.Faults)-1].Scope.Silenced = []string{"m2", "m3"}
	})
}

// lag is a fault that makes m2 fall behind what the cluster has committed.
func lag(cluster string, from, to float64) event {
	return all(fault(cluster, "HangDisk", from, to, record.Allowance{}), func(r *record.Record) {
		r.Faults[len(r.Faults)-1].Scope.Lagging = []string{"m2"}
	})
}

// lose is a time in which the quorum or the reach of a cluster is lost, because of a hang.
func lose(cluster string, of record.Lost, from, to float64) event {
	return all(hang(cluster, from, to), func(r *record.Record) {
		r.Losses = append(r.Losses, record.Loss{Cluster: cluster, Of: of, From: at(from), To: at(to)})
	})
}

// tenures replaces a cluster's tenures. They are pairs of instants.
func tenures(cluster string, instants ...float64) event {
	return func(r *record.Record) {
		r.Tenures = slices.DeleteFunc(r.Tenures, func(t record.Tenure) bool { return t.Cluster == cluster })
		for i := 0; i < len(instants); i += 2 {
			r.Tenures = append(r.Tenures, record.Tenure{Cluster: cluster, From: at(instants[i]), To: at(instants[i+1])})
		}
	}
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

// ahead makes the latest watch begin past the revision that its member had reached.
func ahead(r *record.Record) { r.Watches[len(r.Watches)-1].Ahead = true }

// on moves the latest watch to another member.
func on(member string) event {
	return func(r *record.Record) { r.Watches[len(r.Watches)-1].Member = member }
}

// never is the instant of an event that did not happen.
const never = -0.001

// neverClosed makes the run end without a call of the manager's Close.
func neverClosed(r *record.Record) { r.ManagerClose, r.ManagerClosed = -1, -1 }

// judgement is a history and what an oracle must say of it.
type judgement struct {
	name    string
	history *record.Record
	// want is the outcome; empty: failed.
	want record.Outcome
	// evidence are expressions that the evidence must match.
	evidence []string
}

// check judges each history twice. It requires the same verdict both times, with the oracle's name and the evidence.
func check(t *testing.T, o Oracle, judgements []judgement) {
	t.Helper()
	for _, j := range judgements {
		t.Run(j.name, func(t *testing.T) {
			t.Helper()
			if j.want == "" {
				j.want = record.Failed
			}
			v := o.Judge(j.history)
			require.Equal(t, v, o.Judge(j.history), "judged twice")
			require.Equal(t, o.Name(), v.Oracle)
			require.Equal(t, j.want, v.Outcome, v.Evidence)
			for _, want := range j.evidence {
				require.Regexp(t, want, v.Evidence)
			}
		})
	}
}

func TestOraclesHaveNamesOfTheirOwnAndFailNoEmptyRecord(t *testing.T) {
	names := map[string]bool{}
	empty := &record.Record{Timing: timing(), ManagerStart: -1, ManagerClose: -1, ManagerClosed: -1}
	for _, o := range All() {
		require.NotEmpty(t, o.Name(), "%T", o)
		require.False(t, names[o.Name()], "two oracles are called %q", o.Name())
		names[o.Name()] = true
		v := o.Judge(empty)
		require.Contains(t, []record.Outcome{record.Passed, record.NotAsked}, v.Outcome, "of a record of nothing: %s", v)
		require.NotEmpty(t, v.Evidence, o.Name())
	}
	require.Len(t, names, 12)
}

func TestJudgeAsksEveryOracleInOrder(t *testing.T) {
	verdicts := Judge(run())
	require.Len(t, verdicts, len(All()))
	for i, o := range All() {
		require.Equal(t, o.Judge(run()), verdicts[i])
	}
}

// failures are the names of the oracles whose verdict on a history is failed.
func failures(r *record.Record) []string {
	var names []string
	for _, v := range Judge(r) {
		if v.Outcome == record.Failed {
			names = append(names, v.Oracle)
		}
	}
	return names
}

func TestOneMistakeIsOneVerdict(t *testing.T) {
	for _, test := range []struct {
		name    string
		history *record.Record
		want    []string
	}{
		{"nothing wrong", run(steady("alpha", 1, 40, 0.1), steady("beta", 1, 40, 0.1)), nil},
		{"an update shown too late", run(seen("alpha", 20, 1, "t", "1")), []string{"freshness"}},
		{"an update never shown", run(commit("alpha", 20, "t", "1")), []string{"freshness"}},
		{"a recovery that takes too long", run(hang("alpha", 20, 30), seen("alpha", 21, 20, "t", "1")), []string{"freshness"}},
		{"a recovery that never comes", run(hang("alpha", 20, 30), commit("alpha", 21, "t", "1")), []string{"freshness"}},
		{"stale while and after another cluster is hurt", run(hang("alpha", 20, 30), seen("beta", 22, 15, "t", "1")), []string{"isolation"}},
		{
			"the same with further updates before and after the heal",
			run(hang("alpha", 20, 30), commit("beta", 22, "t", "1"), commit("beta", 25, "t", "2"), commit("beta", 33, "t", "3"), show("beta", 36, "t", "3")),
			[]string{"isolation"},
		},
		{
			"stale before and while another cluster is hurt",
			run(seen("beta", 19, 6, "t", "1"), hang("alpha", 20, 30)),
			[]string{"freshness"},
		},
		{"a checkpoint invented", run(show("alpha", 20, "t", "5")), []string{"nothing lost"}},
		{"a backend vanished for a moment", run(seen("alpha", 10, 0.1, "b", "up"), show("alpha", 20, "b", ""), show("alpha", 20.1, "b", "up")), []string{"nothing lost"}},
		{
			"an older value for a moment",
			run(seen("alpha", 10, 0.1, "b", "1"), seen("alpha", 11, 0.1, "b", "2"), show("alpha", 20, "b", "1"), show("alpha", 20.1, "b", "2")),
			[]string{"no way back"},
		},
		{
			"two mistakes: stale in one cluster, and in another while that was hurt",
			run(hang("alpha", 20, 30), seen("alpha", 21, 20, "t", "1"), seen("beta", 22, 1, "t", "1")),
			[]string{"freshness", "isolation"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, failures(test.history))
		})
	}
}
