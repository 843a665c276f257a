package record

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecoveries(t *testing.T) {
	hang := func(from, to float64) events {
		return func(r *Record) {
			f := faultOf(seconds(from), seconds(to), 10*s)
			f.Text = "HangDisk(alpha/m1)"
			r.Faults = append(r.Faults, f)
		}
	}
	begun := Recovered{Cluster: "alpha", Fault: "HangDisk", At: 20 * s, Allowed: 10 * s}
	healed := Recovered{Cluster: "alpha", Fault: "HangDisk", Healed: true, At: 50 * s, Allowed: 10 * s}
	took := func(one Recovered, n float64) Recovered {
		one.Took = seconds(n)
		return one
	}
	late := func(one Recovered) Recovered {
		one.Took = -1
		return one
	}
	for _, test := range []struct {
		name   string
		events []events
		want   []Recovered
	}{
		{"from the begin and from the end", []events{
			hang(20, 50), seen(21, 3, first, "2"), seen(51, 1, first, "3"), seen(60, 0.1, first, "4"),
		}, []Recovered{took(begun, 4), took(healed, 2)}},
		{
			"too late for the deadline",
			[]events{hang(20, 50), seen(21, 20, first, "2"), seen(51, 0.1, second, "3")},
			[]Recovered{late(begun), took(healed, 1.1)},
		},
		{
			"healed before the view was fresh",
			[]events{hang(20, 22), seen(21, 3, first, "2"), seen(23, 2, second, "3")},
			[]Recovered{{Cluster: "alpha", Fault: "HangDisk", Healed: true, At: 22 * s, Took: 3 * s, Allowed: 10 * s}},
		},
		{"while there was no quorum", []events{hang(20, 50), seen(21, 3, first, "2"), seen(51, 0.1, second, "3"), func(r *Record) {
			r.Losses = []Loss{{Cluster: "alpha", Of: LostQuorum, From: 25 * s, To: 26 * s}}
		}}, []Recovered{took(healed, 1.1)}},
		{"just given to the manager", []events{hang(0, 50), seen(51, 0.1, second, "3")}, []Recovered{took(healed, 1.1)}},
		{"nothing was committed afterwards", []events{hang(20, 50), seen(21, 3, first, "2")}, []Recovered{took(begun, 4)}},
		{"a fault of another cluster", []events{hang(20, 50), func(r *Record) { r.Faults[0].Scope.Cluster = "beta" }, seen(21, 3, first, "2")}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := aRun()
			for _, e := range test.events {
				e(r)
			}
			slices.SortStableFunc(r.Commits, func(a, b Commit) int { return int(a.At - b.At) })
			slices.SortStableFunc(r.Views, func(a, b View) int { return int(a.At - b.At) })
			require.Equal(t, test.want, r.Recoveries())
		})
	}
}
