package record

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// seconds makes a duration from the number of seconds in a table.
func seconds(n float64) time.Duration { return time.Duration(n*1000) * ms }

// events are what happened to a cluster of aRun.
type events func(*Record)

// seen is a commit that the view shows after lag.
func seen(at, lag float64, subject Subject, value string) events {
	return func(r *Record) {
		committed(at, subject, value)(r)
		r.Views = append(r.Views, viewAt(seconds(at+lag), subject, value))
	}
}

func committed(at float64, subject Subject, value string) events {
	return func(r *Record) { r.Commits = append(r.Commits, commitAt(seconds(at), subject, value)) }
}

func TestRecovery(t *testing.T) {
	end := func(at float64) events { return func(r *Record) { r.End = seconds(at) } }
	beat := func(r *Record) {
		for i := range 20 {
			seen(float64(26+i), 0.2, first, string(rune('a'+i)))(r)
		}
	}
	slow := func(r *Record) { r.Faults = []Fault{lasting(20*s, forGood, 2*s, s)} }
	for _, test := range []struct {
		name   string
		events []events
		took   float64 // negative: not back
	}{
		{"stale once, until it is shown", []events{seen(21, 4, first, "2")}, 5},
		{"until the last excursion is over", []events{seen(21, 1, first, "2"), seen(23, 2, first, "3")}, 5},
		{"blips below calm do not count", []events{seen(21, 4, first, "2"), beat}, 5},
		{"a fault that never made it stale lasts until an update is shown", []events{seen(22, 0.1, first, "2")}, 2.1},
		{"shown at the instant of the commit", []events{seen(22, 0, first, "2")}, 2},
		{"shown before the commit was known", []events{func(r *Record) {
			r.Views = append(r.Views, viewAt(21900*ms, first, "2"))
			r.Commits = append(r.Commits, begunAt(21*s, 22*s, first, "2"))
		}}, 2},
		{"an update that was committed before the fault does not count", []events{seen(19.9, 5, first, "2"), seen(27, 0.1, first, "3")}, 7.1},
		{"nor is one that was on its way", []events{func(r *Record) {
			r.Commits = append(r.Commits, begunAt(20*s, 20100*ms, first, "2"))
			r.Views = append(r.Views, viewAt(20100*ms, first, "2"))
		}, seen(27, 0.1, first, "3")}, 7.1},
		{"one begun just after is", []events{func(r *Record) {
			r.Commits = append(r.Commits, begunAt(20001*ms, 20100*ms, first, "2"))
			r.Views = append(r.Views, viewAt(20100*ms, first, "2"))
		}}, 0.1},
		{"an excursion from before counts until it is over", []events{seen(15, 6, first, "2"), seen(20.5, 0.1, second, "1")}, 1},
		{"what was stale before and over is not counted", []events{seen(10, 9, first, "2"), seen(20.5, 0.1, first, "3")}, 0.6},
		{"only part is shown", []events{seen(21, 4, first, "2"), seen(21, 6, second, "1")}, 7},
		{"the rest is younger than calm", []events{seen(21, 4, first, "2"), seen(24.9, 0.2, second, "1")}, 5},
		{"never shown", []events{committed(21, first, "2")}, -1},
		{"nothing committed since", []events{seen(19, 0.1, first, "2")}, -1},
		{"stale again at the end", []events{seen(21, 4, first, "2"), committed(99, first, "3")}, -1},
		{"just committed at the end", []events{seen(21, 4, first, "2"), committed(99.9, first, "3")}, 5},
		{"shown at the very end of the record", []events{seen(21, 4, first, "2"), end(25)}, 5},
		{"not yet at the end of the record", []events{seen(21, 4, first, "2"), end(24.999)}, -1},
		{"not yet when the tenure ended", []events{seen(21, 4, first, "2"), func(r *Record) { r.Tenures[0].To = 24 * s }}, -1},
		{"another cluster does not count", []events{func(r *Record) {
			r.Commits = append(r.Commits, Commit{Begun: 21 * s, At: 21 * s, Cluster: "beta", Subject: first, Value: "1"})
		}, seen(22, 0.1, first, "2")}, 2.1},
		{"staleness within a lasting allowance does not count", []events{slow, seen(21, 0.3, first, "2"), seen(23, 1.2, first, "3")}, 1.3},
		{"staleness beyond it does", []events{slow, seen(21, 0.3, first, "2"), seen(23, 1.201, first, "3")}, 4.201},
		{"a lasting allowance ends with its fault", []events{slow, func(r *Record) { r.Faults[0].To = 22 * s }, seen(21, 0.3, first, "2"), seen(23, 1, first, "3")}, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := aRun()
			for _, e := range test.events {
				e(r)
			}
			slices.SortStableFunc(r.Commits, func(a, b Commit) int { return int(a.At - b.At) })
			slices.SortStableFunc(r.Views, func(a, b View) int { return int(a.At - b.At) })
			took, ok := r.Recovery("alpha", 20*s)
			require.Equal(t, test.took >= 0, ok, "took %v", took)
			require.Equal(t, max(0, seconds(test.took)), took)
		})
	}
}

func TestAClusterThatIsNotTheManagersDoesNotRecover(t *testing.T) {
	r := aRun()
	seen(21, 1, first, "2")(r)
	_, ok := r.Recovery("beta", 20*s)
	require.False(t, ok)
	r.Tenures = []Tenure{{"alpha", 0, 10 * s}, {"alpha", 20 * s, -1}}
	took, ok := r.Recovery("alpha", 20*s)
	require.True(t, ok, "the tenure that begins with the fault")
	require.Equal(t, 2*s, took)
	_, ok = r.Recovery("alpha", 15*s)
	require.False(t, ok, "between two tenures")
}
