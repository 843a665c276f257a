package record

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/bound"
)

const ms = time.Millisecond

// roundTiming is a timing with a calm bound of 200 ms and a start bound of 6.2 s for three members.
func roundTiming() bound.Timing {
	m := bound.Manager{RequestTimeout: s, BackoffCap: s}
	return bound.Timing{Heartbeat: 100 * ms, Election: s, Manager: m, Load: 500 * ms, Observe: 100 * ms}.With(m)
}

// aRun is a record of 100 s in which the manager has alpha from 0 s on. Its view is complete at 1 s.
func aRun(faults ...Fault) *Record {
	return &Record{
		Timing: roundTiming(), Clusters: []Cluster{{Name: "alpha", Members: []string{"m1", "m2", "m3"}}},
		Tenures: []Tenure{{"alpha", 0, -1}}, Faults: faults, ManagerClose: -1, End: 100 * s,
		Commits: []Commit{commitAt(0, first, "1")}, Views: []View{viewAt(s, first, "1")},
	}
}

// faultOf is a fault on alpha with a Recovery allowance.
func faultOf(from, to, recovery time.Duration) Fault {
	return Fault{Text: "Fault()", Scope: Scope{Cluster: "alpha"}, Allowance: Allowance{Recovery: recovery}, From: from, To: to}
}

// lasting is a fault with a Lasting allowance too.
func lasting(from, to, recovery, lasting time.Duration) Fault {
	f := faultOf(from, to, recovery)
	f.Allowance.Lasting = lasting
	return f
}

// slowDisk is a fault that delays events by a second, and linearizable reads by round.
func slowDisk(from, to, round time.Duration) Fault {
	f := lasting(from, to, 2*s, s)
	f.Scope.Round = round
	return f
}

// pieces prints what a tenure is allowed: "0s any, 1s 200ms" is anything up to 1 s, and then 200 ms.
func pieces(r *Record, t Tenure) string {
	var parts []string
	last := ""
	for _, l := range r.Allowed(t) {
		what := "any"
		if !l.Any {
			what = l.Max.String()
		}
		if what != last {
			parts = append(parts, fmt.Sprintf("%gs %s", l.From.Seconds(), what))
		}
		last = what
	}
	return strings.Join(parts, ", ")
}

const forGood = -1

// Without updates there is nothing to notice a fault by, so that the time to recover from it begins with the next.
func TestARecoveryBeginsAnewWhenTheLoadGoesOn(t *testing.T) {
	r := aRun(faultOf(20*s, forGood, 8*s))
	r.Rests = []Rest{{"alpha", 15 * s, 40 * s}, {"beta", 15 * s, 60 * s}}
	require.Equal(t, "0s any, 1s 200ms, 20s any, 28s 200ms, 40s any, 48s 200ms", pieces(r, r.Tenures[0]))
	r.Faults[0].To = 30 * s
	require.Equal(t, "0s any, 1s 200ms, 20s any, 28s 200ms, 30s any, 38s 200ms", pieces(r, r.Tenures[0]), "a fault that is healed is nothing to notice")
}

func TestAllowed(t *testing.T) {
	elsewhere := faultOf(20*s, 30*s, 8*s)
	elsewhere.Scope.Cluster = "beta"
	for _, test := range []struct {
		name   string
		faults []Fault
		losses []Loss
		want   string
	}{
		{"nothing wrong", nil, nil, "0s any, 1s 200ms"},
		{"a fault allows its recovery from its begin and from its heal on", []Fault{faultOf(20*s, 40*s, 8*s)}, nil, "0s any, 1s 200ms, 20s any, 28s 200ms, 40s any, 48s 200ms"},
		{"and that is all, however long it lasts", []Fault{faultOf(20*s, forGood, 8*s)}, nil, "0s any, 1s 200ms, 20s any, 28s 200ms"},
		{"a short one runs into its heal", []Fault{faultOf(20*s, 22*s, 8*s)}, nil, "0s any, 1s 200ms, 20s any, 30s 200ms"},
		{"a mild one allows no more when it was short", []Fault{faultOf(20*s, 22*s, 3*s)}, nil, "0s any, 1s 200ms, 20s any, 25s 200ms"},
		{"one that is over at once", []Fault{faultOf(20*s, 20*s, 8*s)}, nil, "0s any, 1s 200ms, 20s any, 28s 200ms"},
		{"one that allows nothing", []Fault{faultOf(20*s, 40*s, 0)}, nil, "0s any, 1s 200ms"},
		{"another cluster's", []Fault{elsewhere}, nil, "0s any, 1s 200ms"},
		{
			"a second one begins the allowance of the worse anew",
			[]Fault{faultOf(20*s, forGood, 8*s), faultOf(40*s, forGood, 3*s)},
			nil,
			"0s any, 1s 200ms, 20s any, 28s 200ms, 40s any, 48s 200ms",
		},
		{
			"whichever came first",
			[]Fault{faultOf(20*s, forGood, 3*s), faultOf(40*s, forGood, 8*s)},
			nil,
			"0s any, 1s 200ms, 20s any, 23s 200ms, 40s any, 48s 200ms",
		},
		{
			"a change takes nothing back",
			[]Fault{faultOf(20*s, 21*s, 8*s), faultOf(24*s, forGood, s)},
			nil,
			"0s any, 1s 200ms, 20s any, 29s 200ms",
		},
		{
			"the heal of one of two allows the worse's",
			[]Fault{faultOf(20*s, forGood, 8*s), faultOf(40*s, 60*s, 3*s)},
			nil,
			"0s any, 1s 200ms, 20s any, 28s 200ms, 40s any, 48s 200ms, 60s any, 68s 200ms",
		},
		{
			"a further fault leaves no less time to recover from one that is healed",
			[]Fault{faultOf(20*s, 60*s, 8*s), faultOf(40*s, forGood, 3*s)},
			nil,
			"0s any, 1s 200ms, 20s any, 28s 200ms, 40s any, 48s 200ms, 60s any, 68s 200ms",
		},
		{
			"one that is over at once counts beside one that goes on",
			[]Fault{faultOf(20*s, forGood, s), faultOf(40*s, 40*s, 8*s)},
			nil,
			"0s any, 1s 200ms, 20s any, 21s 200ms, 40s any, 48s 200ms",
		},
		{
			"one that was healed at the very begin does not",
			[]Fault{faultOf(0, 0, 8*s), faultOf(20*s, forGood, s)},
			nil,
			"0s any, 8s 200ms, 20s any, 21s 200ms",
		},
		{
			"one that was healed before does not",
			[]Fault{faultOf(20*s, 30*s, 8*s), faultOf(60*s, forGood, s)},
			nil,
			"0s any, 1s 200ms, 20s any, 28s 200ms, 30s any, 38s 200ms, 60s any, 61s 200ms",
		},
		{
			"two that overlap need no bound of their own",
			[]Fault{faultOf(20*s, 30*s, 8*s), faultOf(25*s, 50*s, 8*s)},
			nil,
			"0s any, 1s 200ms, 20s any, 38s 200ms, 50s any, 58s 200ms",
		},
		{
			"lasting is added for as long as the fault is in force",
			[]Fault{lasting(20*s, 40*s, 2*s, s)},
			nil,
			"0s any, 1s 200ms, 20s any, 22s 1.2s, 40s any, 42s 200ms",
		},
		{
			// A dial, a read and a creation take a second longer each, which is when they are given up.
			"of each fault, and each slows the recovery from the other",
			[]Fault{lasting(20*s, forGood, 2*s, s), lasting(40*s, 60*s, 2*s, 3*s)},
			nil,
			"0s any, 1s 200ms, 20s any, 22s 1.2s, 40s any, 45s 4.2s, 60s any, 65s 1.2s",
		},
		{
			"there and back, as long as no request is given up",
			[]Fault{lasting(20*s, forGood, 2*s, 100*time.Millisecond), faultOf(40*s, forGood, 5*s)},
			nil,
			"0s any, 1s 200ms, 20s any, 22s 300ms, 40s any, 45.6s 300ms",
		},
		{
			"what holds the raft loop up is added once",
			[]Fault{slowDisk(20*s, 40*s, 1400*ms)},
			nil,
			"0s any, 1s 200ms, 20s any, 22s 2.2s, 40s any, 42s 200ms",
		},
		{
			// Each of them slows the requests of the recovery from the other by 3 s, and the read among them waits until it is given up.
			"also if it follows only from two faults together",
			[]Fault{slowDisk(20*s, forGood, 900*ms), slowDisk(40*s, 60*s, 900*ms)},
			nil,
			"0s any, 1s 200ms, 20s any, 22s 1.2s, 40s any, 46s 4.2s, 60s any, 66s 1.2s",
		},
		{
			"without a recovery it holds from the first instant to the last",
			[]Fault{lasting(20*s, 40*s, 0, s)},
			nil,
			"0s any, 1s 200ms, 20s 1.2s, 40s 200ms",
		},
		{
			"without a quorum anything, and the recovery from its end on",
			[]Fault{faultOf(20*s, 60*s, 8*s)},
			[]Loss{{"alpha", LostQuorum, 30 * s, 60 * s}},
			"0s any, 1s 200ms, 20s any, 28s 200ms, 30s any, 68s 200ms",
		},
		{
			"the same without reach",
			[]Fault{faultOf(20*s, 60*s, 8*s)},
			[]Loss{{"alpha", LostReach, 30 * s, 60 * s}},
			"0s any, 1s 200ms, 20s any, 28s 200ms, 30s any, 68s 200ms",
		},
		{
			"a loss that ends while its fault goes on, since another joined",
			[]Fault{faultOf(20*s, forGood, 8*s)},
			[]Loss{{"alpha", LostQuorum, 30 * s, 60 * s}},
			"0s any, 1s 200ms, 20s any, 28s 200ms, 30s any, 68s 200ms",
		},
		{"a loss for good", []Fault{faultOf(20*s, forGood, 8*s)}, []Loss{{"alpha", LostReach, 30 * s, forGood}}, "0s any, 1s 200ms, 20s any, 28s 200ms, 30s any"},
		{"another cluster's loss", nil, []Loss{{"beta", LostQuorum, 30 * s, 60 * s}}, "0s any, 1s 200ms"},
		{"a loss of which no fault is known", nil, []Loss{{"alpha", LostQuorum, 30 * s, 60 * s}}, "0s any, 1s 200ms, 30s any, 60s 200ms"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := aRun(test.faults...)
			r.Losses = test.losses
			require.Equal(t, test.want, pieces(r, r.Tenures[0]))
		})
	}
}

func TestAllowedWhileTheManagerStarts(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Record)
		want   string
	}{
		{"until the view is complete", func(*Record) {}, "0s any, 1s 200ms"},
		{"at the latest until the start bound", func(r *Record) { r.Views = nil }, "0s any, 6.2s 200ms"},
		{"also if it is complete later", func(r *Record) { r.Views[0].At = 7 * s }, "0s any, 6.2s 200ms"},
		{"a view with nothing to show is not complete", func(r *Record) { r.Commits, r.Views = nil, nil }, "0s any, 6.2s 200ms"},
		{
			"nor is one that lacks something",
			func(r *Record) { r.Commits = append(r.Commits, commitAt(0, second, "1")) },
			"0s any, 6.2s 200ms",
		},
		{"more members take longer", func(r *Record) { r.Clusters[0].Members = []string{"m1", "m2", "m3", "m4", "m5"}; r.Views = nil }, "0s any, 10.2s 200ms"},
		{"a cluster that is not known is one member", func(r *Record) { r.Clusters, r.Views = nil, nil }, "0s any, 2.2s 200ms"},
		{
			"a later tenure begins with a start of its own",
			func(r *Record) { r.Tenures[0].From = 50 * s },
			"50s any, 56.2s 200ms",
		},
		{
			"whoever is given a cluster while a fault is in force recovers from that too",
			func(r *Record) { r.Tenures[0].From, r.Faults = 50*s, []Fault{faultOf(20*s, forGood, 8*s)} },
			"50s any, 58s 200ms",
		},
		{
			"but not from one that was healed before its recovery was over",
			func(r *Record) { r.Tenures[0].From, r.Faults = 50*s, []Fault{faultOf(20*s, 30*s, 8*s)} },
			"50s any, 56.2s 200ms",
		},
		{
			"one that was healed lately is still recovered from",
			func(r *Record) { r.Tenures[0].From, r.Faults = 50*s, []Fault{faultOf(20*s, 48*s, 9*s)} },
			"50s any, 57s 200ms",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := aRun()
			test.change(r)
			require.Equal(t, test.want, pieces(r, r.Tenures[0]))
		})
	}
}

func TestAllowedHasNoGapAndEndsWithTheTenure(t *testing.T) {
	r := aRun(faultOf(20*s, 40*s, 8*s), lasting(30*s, 95*s, 8*s, s))
	r.Losses = []Loss{{"alpha", LostReach, 35 * s, 50 * s}}
	r.Tenures[0].To = 90 * s
	limits := r.Allowed(r.Tenures[0])
	require.Zero(t, limits[0].From)
	for i := 1; i < len(limits); i++ {
		require.Equal(t, limits[i-1].To, limits[i].From)
		require.Less(t, limits[i].From, limits[i].To)
	}
	require.Equal(t, 90*s, limits[len(limits)-1].To)
	require.Empty(t, r.Allowed(Tenure{"alpha", 120 * s, -1}), "a tenure that begins after the end")
}

func TestALimitSaysWhatItFollowsFrom(t *testing.T) {
	slow := lasting(40*s, 60*s, s, s)
	slow.Text = "SlowDisk(alpha/m1)"
	hang := faultOf(20*s, 30*s, 8*s)
	hang.Text = "HangDisk(alpha/m1)"
	r := aRun(hang, slow)
	r.Losses = []Loss{{"alpha", LostReach, 70 * s, 80 * s}}
	why := map[time.Duration]string{}
	for _, l := range r.Allowed(r.Tenures[0]) {
		why[l.From] = l.Why
		require.Equal(t, l.From == 0, l.Start)
	}
	require.Equal(t, map[time.Duration]string{
		0: "the manager has just been given the cluster", s: "calm, with no fault and no recovery under way",
		20 * s: "recovery from HangDisk(alpha/m1)", 28 * s: "calm since 28.000s, the deadline for the recovery from HangDisk(alpha/m1)",
		30 * s: "recovery from HangDisk(alpha/m1)", 38 * s: "calm since 38.000s, the deadline for the recovery from HangDisk(alpha/m1)",
		40 * s: "recovery from SlowDisk(alpha/m1)", 41 * s: "calm with SlowDisk(alpha/m1) in force", 60 * s: "recovery from SlowDisk(alpha/m1)",
		61 * s: "calm since 61.000s, the deadline for the recovery from SlowDisk(alpha/m1)", 70 * s: "reach lost", 80 * s: "calm since 61.000s, the deadline for the recovery from SlowDisk(alpha/m1)",
	}, why)
}

func TestOfSeveralExcusesTheLongestIsNamed(t *testing.T) {
	for _, faults := range [][]Fault{
		{faultOf(0, forGood, 8*s), faultOf(0, 500*ms, 3*s)},
		{faultOf(0, 500*ms, 3*s), faultOf(0, forGood, 8*s)},
	} {
		r := aRun(faults...)
		first := r.Allowed(r.Tenures[0])[0]
		require.Equal(t, Limit{From: 0, To: 500 * ms, Any: true, Why: "recovery from Fault()", recovers: "Fault()"}, first, "not the start, which is over sooner")
	}
}

// Connections to m1 and m2 are half-open from 10 s on, and m3 is down until 20 s. While nobody can answer, each change of circumstances costs as much as a
// silent cluster does.
func TestHalfOpenConnectionsCostMoreWhileNobodyElseAnswers(t *testing.T) {
	halfOpen := func(member string) Fault {
		f := faultOf(10*s, -1, 2*s)
		f.Scope.Stranded = []string{member}
		return f
	}
	down := faultOf(10*s, 20*s, s)
	down.Scope.Crippled, down.Scope.Unreachable = []string{"m3"}, []string{"m3"}
	r := aRun(halfOpen("m1"), halfOpen("m2"), down)
	require.True(t, r.Severed("alpha", 10*s))
	require.True(t, r.Severed("alpha", 20*s))
	require.False(t, r.Severed("alpha", 20*s+1))
	require.False(t, r.Severed("alpha", 10*s-1))
	require.False(t, aRun(halfOpen("m1"), halfOpen("m2")).Severed("alpha", 10*s), "m3 answers")
	require.Equal(t, 20*s+r.Bounds().SilentCluster(3), r.Deadline("alpha", 21*s))
	require.Equal(t, 12*s, aRun(halfOpen("m1"), halfOpen("m2")).Deadline("alpha", 11*s))

	newcomer := aRun(halfOpen("m1"), halfOpen("m2"), halfOpen("m3"))
	newcomer.Clusters[0].Members = append(newcomer.Clusters[0].Members, "m4", "m5", "m6", "m7")
	require.False(t, newcomer.Severed("alpha", 10*s), "the others answer")
	for _, m := range newcomer.Clusters[0].Members[3:] {
		newcomer.Joined = append(newcomer.Joined, Newcomer{Cluster: "alpha", Member: m, At: 11 * s, Named: -1})
	}
	require.True(t, newcomer.Severed("alpha", 10*s), "the others joined later")
	for i := range newcomer.Joined {
		newcomer.Joined[i].At, newcomer.Joined[i].Named = 9*s, -1
	}
	newcomer.Losses = []Loss{{Cluster: "alpha", Of: LostReach, From: time.Hour, To: -1}}
	require.True(t, newcomer.Severed("alpha", 10*s), "the manager does not know of the others yet")

	isolated := faultOf(10*s, 20*s, s)
	isolated.Scope.Cut = [][2]string{{"m3", "m1"}, {"m3", "m2"}}
	require.True(t, aRun(halfOpen("m1"), halfOpen("m2"), isolated).Severed("alpha", 10*s), "m3 answers, and belongs to no majority")

	promised := []Fault{halfOpen("m1"), halfOpen("m2"), down}
	for i := range promised {
		promised[i].Allowance.Name = Promised
	}
	require.Equal(t, 22*s, aRun(promised...).Deadline("alpha", 21*s), "what a manager promises is all that it gets")
}

func TestDeadlineIsTheEndOfTheLastExcuse(t *testing.T) {
	for _, test := range []struct {
		name   string
		now    time.Duration
		change func(*Record)
		want   time.Duration
	}{
		{"nothing happened lately", 50 * s, func(*Record) {}, 50 * s},
		{"the manager starts", 500 * ms, func(r *Record) { r.Views = nil }, 6200 * ms},
		{"a fault has begun", 21 * s, func(r *Record) { r.Faults = []Fault{faultOf(20*s, -1, 8*s)} }, 28 * s},
		{"its recovery is over", 50 * s, func(r *Record) { r.Faults = []Fault{faultOf(20*s, -1, 8*s)} }, 50 * s},
		{"it was healed", 50 * s, func(r *Record) { r.Faults = []Fault{faultOf(20*s, 49*s, 8*s)} }, 57 * s},
		{"the worse of two counts", 50 * s, func(r *Record) { r.Faults = []Fault{faultOf(48*s, -1, 8*s), faultOf(49*s, -1, 3*s)} }, 57 * s},
		{
			"another cluster's fault", 21 * s,
			func(r *Record) { r.Faults = []Fault{faultOf(20*s, -1, 8*s)}; r.Faults[0].Scope.Cluster = "beta" }, 21 * s,
		},
		{"the cluster is not the manager's", 50 * s, func(r *Record) { r.Tenures = nil; r.Faults = []Fault{faultOf(49*s, -1, 8*s)} }, 50 * s},
		{
			"it is the manager's again", 50 * s,
			func(r *Record) { r.Tenures = []Tenure{{"alpha", 0, 20 * s}, {"alpha", 49 * s, -1}} }, 55200 * ms,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := aRun()
			r.End = test.now
			test.change(r)
			require.Equal(t, test.want, r.Deadline("alpha", r.End))
		})
	}
}

func TestCalmAtAddsWhatLastsOfTheFaultsInForce(t *testing.T) {
	elsewhere := lasting(10*s, 90*s, s, 7*s)
	elsewhere.Scope.Cluster = "beta"
	elsewhere.Scope.Round = 7 * s
	reads := slowDisk(70*s, 80*s, s)
	r := aRun(lasting(20*s, 60*s, 2*s, s), lasting(40*s, forGood, 2*s, 3*s), faultOf(20*s, 60*s, 8*s), elsewhere, reads)
	for at, want := range map[time.Duration]time.Duration{
		20*s - 1: 200 * ms, 20 * s: 1200 * ms, 40*s - 1: 1200 * ms, 40 * s: 4200 * ms, 60 * s: 4200 * ms, 60*s + 1: 3200 * ms,
		70 * s: 5200 * ms, 80 * s: 5200 * ms, 80*s + 1: 3200 * ms, 100 * s: 3200 * ms,
	} {
		require.Equal(t, want, r.CalmAt("alpha", at), "at %v", at)
	}
}
