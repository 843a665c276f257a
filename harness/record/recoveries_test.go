package record

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecoveriesAreThoseFromFaultsThatWereAlone(t *testing.T) {
	named := func(name string, f Fault) Fault {
		f.Text = name + "(alpha/m1)"
		return f
	}
	elsewhere := faultOf(21*s, 30*s, 5*s)
	elsewhere.Scope.Cluster = "beta"
	shown := []events{seen(21, 4, first, "2"), seen(27, 0.1, first, "3"), seen(60, 0.1, first, "4")}
	for _, test := range []struct {
		name   string
		faults []Fault
		events []events
		want   []Recovered
	}{
		{"that lasts", []Fault{named("Hang", faultOf(20*s, 50*s, 9*s))}, shown, []Recovered{{"Hang", 5 * s, 9 * s}}},
		{"that lasts to the end", []Fault{named("Hang", faultOf(20*s, forGood, 9*s))}, shown, []Recovered{{"Hang", 5 * s, 9 * s}}},
		{"healed early, from its begin on", []Fault{named("Kill", faultOf(20*s, 23*s, 9*s))}, shown, []Recovered{{"Kill", 5 * s, 12 * s}}},
		{"not in time", []Fault{named("Hang", faultOf(20*s, 50*s, 4*s))}, shown, []Recovered{{"Hang", -1, 4 * s}}},
		{"stale later, which is not its recovery", []Fault{named("Hang", faultOf(20*s, 50*s, 9*s))}, append(shown[:3:3], seen(70, 8, first, "5")), []Recovered{{"Hang", 5 * s, 9 * s}}},
		{"a fault elsewhere does not matter", []Fault{named("Hang", faultOf(20*s, 50*s, 9*s)), elsewhere}, shown, []Recovered{{"Hang", 5 * s, 9 * s}}},
		{"one after the other", []Fault{named("Hang", faultOf(20*s, 30*s, 9*s)), named("Kill", faultOf(50*s, 90*s, 11*s))}, shown, []Recovered{
			{"Hang", 5 * s, 9 * s}, {"Kill", 10100 * ms, 11 * s},
		}},
		{"another while it was to recover", []Fault{faultOf(20*s, 50*s, 9*s), faultOf(28*s, 90*s, 99*s)}, shown, nil},
		{"another in force before", []Fault{faultOf(10*s, 22*s, s), faultOf(20*s, 50*s, 9*s)}, shown, nil},
		{"another that is being recovered from", []Fault{faultOf(10*s, 18*s, 3*s), faultOf(20*s, 50*s, 9*s)}, shown, nil},
		{"no update to be shown", []Fault{faultOf(20*s, 50*s, 9*s)}, []events{seen(60, 0.1, first, "2")}, nil},
		{"that allows nothing", []Fault{faultOf(20*s, 50*s, 0)}, shown, nil},
		{"with the end of the run before the allowance", []Fault{faultOf(95*s, forGood, 9*s)}, shown, nil},
		{"with a loss", []Fault{faultOf(20*s, 50*s, 9*s)}, append(shown[:3:3], func(r *Record) {
			r.Losses = []Loss{{Cluster: "alpha", Of: LostQuorum, From: 20 * s, To: 22 * s}}
		}), nil},
		{"with a rest", []Fault{faultOf(20*s, 50*s, 9*s)}, append(shown[:3:3], func(r *Record) { r.Rests = []Rest{{Cluster: "alpha", From: 15 * s, To: 25 * s}} }), nil},
		{"of a cluster that the manager has not got", []Fault{faultOf(20*s, 50*s, 9*s)}, append(shown[:3:3], func(r *Record) { r.Tenures[0].To = 10 * s }), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := aRun(test.faults...)
			for _, e := range test.events {
				e(r)
			}
			got := r.Recoveries()
			require.Len(t, got, len(test.want), "%v", got)
			for i, want := range test.want {
				require.Equal(t, want, got[i])
			}
		})
	}
}
