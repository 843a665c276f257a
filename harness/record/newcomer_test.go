package record

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// aSync is the sync interval of these histories. With the request timeout of roundTiming, a manager learns of a newcomer within 31 s.
const aSync = 30 * s

// joining is a recorder of a cluster with one member, which a manager with a sync interval was given.
func joining(sync time.Duration) *Recorder {
	timing := roundTiming()
	timing.Sync = sync
	r := NewRecorder(timing)
	r.Cluster("alpha", []string{"m1"})
	r.Given("alpha")
	r.Named("alpha", "m1")
	return r
}

// out is a fault that takes members of alpha out of the manager's reach.
func out(members ...string) Fault {
	return Fault{Text: "Blackhole(alpha)", Scope: Scope{Cluster: "alpha", Unreachable: members}, Allowance: Allowance{Recovery: 8 * s}}
}

// In each history m2 joins at 10 s. It can be reached all the time.
func TestANewcomerIsAWayToTheClusterOnceTheManagerCanKnowIt(t *testing.T) {
	const never = 0
	for _, test := range []struct {
		name string
		sync time.Duration
		then func(*Recorder)
		want []Loss
	}{
		{
			"not at once", aSync,
			func(r *Recorder) { r.Fault(out("m1")); pass(50 * s) },
			[]Loss{{"alpha", LostReach, 10 * s, 60 * s}},
		},
		{
			"not while the next read of the list may still be under way", aSync,
			func(r *Recorder) { pass(31*s - 1); r.Fault(out("m1")); pass(19*s + 1) },
			[]Loss{{"alpha", LostReach, 41*s - 1, 60 * s}},
		},
		{"once that is over", aSync, func(r *Recorder) { pass(31 * s); r.Fault(out("m1")); pass(19 * s) }, nil},
		{
			"never without reads of the list", never,
			func(r *Recorder) { pass(time.Hour); r.Fault(out("m1")); pass(s) },
			[]Loss{{"alpha", LostReach, time.Hour + 10*s, time.Hour + 11*s}},
		},
		{
			"a time without reach counts for nothing, nor does what was before it", aSync,
			func(r *Recorder) {
				pass(30 * s)
				r.Fault(out("m1"))()
				pass(31*s - 1)
				heal := r.Fault(out("m1"))
				pass(40 * s)
				heal()
				pass(31 * s)
				r.Fault(out("m1"))
				pass(s)
			},
			[]Loss{{"alpha", LostReach, 40 * s, 40 * s}, {"alpha", LostReach, 71*s - 1, 111*s - 1}},
		},
		{
			"nor does one without a quorum", aSync,
			func(r *Recorder) {
				r.Fault(Fault{Scope: Scope{Cluster: "alpha", Crippled: []string{"m2"}}})
				pass(40 * s)
				r.Joined("alpha", "m3")
				pass(s)
				r.Fault(out("m1"))
				pass(s)
			},
			[]Loss{{"alpha", LostQuorum, 10 * s, 50 * s}, {"alpha", LostReach, 51 * s, 52 * s}},
		},
		{
			"what is known stays known", aSync,
			func(r *Recorder) { pass(31 * s); r.Fault(out("m1", "m2")); pass(s); r.Fault(out("m3"))(); pass(s) },
			[]Loss{{"alpha", LostReach, 41 * s, 43 * s}},
		},
		{
			"also after another loss", aSync,
			func(r *Recorder) {
				pass(31 * s)
				heal := r.Fault(out("m1", "m2"))
				pass(s)
				heal()
				r.Fault(out("m1"))
				pass(s)
			},
			[]Loss{{"alpha", LostReach, 41 * s, 42 * s}},
		},
		{
			"another cluster's loss is no matter", aSync,
			func(r *Recorder) {
				r.Cluster("beta", []string{"m1"})
				pass(20 * s)
				r.Fault(Fault{Scope: Scope{Cluster: "beta", Unreachable: []string{"m1"}}})
				pass(11 * s)
				r.Fault(out("m1"))
				pass(s)
			},
			[]Loss{{"beta", LostReach, 30 * s, 42 * s}},
		},
		{"once the manager was given it", never, func(r *Recorder) { r.Named("alpha", "m2"); r.Fault(out("m1")); pass(s) }, nil},
		{
			"also if that is the first way", never,
			func(r *Recorder) {
				r.Fault(out("m1"))
				pass(s)
				r.Named("beta", "m2")
				r.Named("alpha", "m3")
				pass(s)
				r.Named("alpha", "m2")
				pass(s)
				r.Named("alpha", "m2") // a second time says nothing new
			},
			[]Loss{{"alpha", LostReach, 10 * s, 12 * s}},
		},
		{
			"a second newcomer is learned of through the first", aSync,
			func(r *Recorder) {
				pass(31 * s)
				r.Joined("alpha", "m3")
				r.Fault(out("m1"))
				pass(31 * s)
				r.Fault(out("m2"))
				pass(s)
			},
			nil,
		},
		{
			"who is gone is no way", aSync,
			func(r *Recorder) { pass(31 * s); r.Departed("alpha", "m2"); r.Fault(out("m1")); pass(s) },
			[]Loss{{"alpha", LostReach, 41 * s, 42 * s}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := joining(test.sync)
				pass(10 * s)
				r.Joined("alpha", "m2")
				test.then(r)
				require.Equal(t, test.want, r.Finish().Losses)
			})
		})
	}
}

// A manager is allowed anything while it knows nobody whom it can reach, and then the recovery from the fault, counted from when it knows one.
// Once it knows the newcomer, it must return by the newcomer.
func TestAManagerThatKnowsTheNewcomerMustReturnByIt(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault time.Duration
		named time.Duration
		want  string
	}{
		{"it joined just before the fault", 20 * s, forGood, "0s any, 4.2s 200ms, 20s any"},
		{"the manager is given it later", 20 * s, 30 * s, "0s any, 4.2s 200ms, 20s any, 38s 200ms"},
		{"it joined long before", 60 * s, forGood, "0s any, 4.2s 200ms, 60s any, 68s 200ms"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := joining(aSync)
				pass(10 * s)
				r.Joined("alpha", "m2")
				pass(test.fault - 10*s)
				r.Fault(out("m1"))
				if test.named >= 0 {
					pass(test.named - test.fault)
					r.Named("alpha", "m2")
				}
				pass(100*s - r.Now())
				rec := r.Finish()
				require.Equal(t, []Newcomer{{"alpha", "m2", 10 * s, test.named}}, rec.Joined)
				require.Equal(t, test.want, pieces(rec, rec.Tenures[0]))
			})
		})
	}
}
