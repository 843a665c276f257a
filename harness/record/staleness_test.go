package record

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	first  = Subject{Kind: "checkpoint", Name: "first"}
	second = Subject{Kind: "checkpoint", Name: "second"}
	third  = Subject{Kind: "checkpoint", Name: "third"}
)

const s = time.Second

func commitAt(at time.Duration, subject Subject, value string) Commit {
	return Commit{Begun: at, At: at, Cluster: "alpha", Subject: subject, Value: value, Revision: int64(at / time.Millisecond)}
}

func viewAt(at time.Duration, subject Subject, value string) View {
	return View{At: at, Cluster: "alpha", Changes: []Change{{subject, value}}}
}

// plainPoint is a point without the fields that other tests check.
type plainPoint struct{ at, staleness time.Duration }

func plainPoints(points []Point) []plainPoint {
	var all []plainPoint
	for _, p := range points {
		t := plainPoint{p.At, p.Staleness}
		if n := len(all); n == 0 || all[n-1] != t {
			all = append(all, t)
		}
	}
	return all
}

func TestStalenessIsTheAgeOfTheOldestUpdateNotShown(t *testing.T) {
	for _, test := range []struct {
		name    string
		commits []Commit
		views   []View
		want    []plainPoint
	}{
		{
			name: "nothing committed",
			want: []plainPoint{{2 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "shown after a second",
			commits: []Commit{commitAt(5*s, first, "1")},
			views:   []View{viewAt(6*s, first, "1")},
			want:    []plainPoint{{2 * s, 0}, {5 * s, 0}, {6 * s, s}, {6 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "shown at the instant of its commit",
			commits: []Commit{commitAt(5*s, first, "1")},
			views:   []View{viewAt(5*s, first, "1")},
			want:    []plainPoint{{2 * s, 0}, {5 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "shown before its writer had the answer",
			commits: []Commit{commitAt(5*s, first, "1")},
			views:   []View{viewAt(4*s, first, "1")},
			want:    []plainPoint{{2 * s, 0}, {4 * s, 0}, {5 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "a later update of the subject shows the earlier",
			commits: []Commit{commitAt(5*s, first, "1"), commitAt(6*s, first, "2")},
			views:   []View{viewAt(7*s, first, "2")},
			want:    []plainPoint{{2 * s, 0}, {5 * s, 0}, {6 * s, s}, {7 * s, 2 * s}, {7 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "an earlier one does not show the later",
			commits: []Commit{commitAt(5*s, first, "1"), commitAt(6*s, first, "2")},
			views:   []View{viewAt(7*s, first, "1")},
			want:    []plainPoint{{2 * s, 0}, {5 * s, 0}, {6 * s, s}, {7 * s, 2 * s}, {7 * s, s}, {20 * s, 14 * s}},
		},
		{
			name:    "another subject's does not either",
			commits: []Commit{commitAt(5*s, first, "1"), commitAt(6*s, second, "1")},
			views:   []View{viewAt(7*s, second, "1")},
			want:    []plainPoint{{2 * s, 0}, {5 * s, 0}, {6 * s, s}, {7 * s, 2 * s}, {20 * s, 15 * s}},
		},
		{
			name:    "nor a value that was never committed",
			commits: []Commit{commitAt(5*s, first, "1")},
			views:   []View{viewAt(7*s, first, "9")},
			want:    []plainPoint{{2 * s, 0}, {5 * s, 0}, {7 * s, 2 * s}, {20 * s, 15 * s}},
		},
		{
			name:    "of values that repeat the latest counts as shown",
			commits: []Commit{commitAt(5*s, first, "1"), commitAt(6*s, first, "2"), commitAt(7*s, first, "1")},
			views:   []View{viewAt(8*s, first, "1")},
			want:    []plainPoint{{2 * s, 0}, {5 * s, 0}, {6 * s, s}, {7 * s, 2 * s}, {8 * s, 3 * s}, {8 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "gone is an update too",
			commits: []Commit{commitAt(1*s, first, "1"), commitAt(5*s, first, "")},
			views:   []View{viewAt(3*s, first, "1"), viewAt(8*s, first, "")},
			want:    []plainPoint{{2 * s, s}, {3 * s, 2 * s}, {3 * s, 0}, {5 * s, 0}, {8 * s, 3 * s}, {8 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "what is gone before it was shown need not be",
			commits: []Commit{commitAt(5*s, first, "1"), commitAt(7*s, first, "")},
			want:    []plainPoint{{2 * s, 0}, {5 * s, 0}, {7 * s, 2 * s}, {7 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "what was committed before the manager came is old already",
			commits: []Commit{commitAt(1*s, first, "1"), commitAt(1500*time.Millisecond, second, "1")},
			views:   []View{viewAt(3*s, first, "1")},
			want:    []plainPoint{{2 * s, s}, {3 * s, 2 * s}, {3 * s, 1500 * time.Millisecond}, {20 * s, 18500 * time.Millisecond}},
		},
		{
			name:    "shown at the very end",
			commits: []Commit{commitAt(19*s, first, "1")},
			views:   []View{viewAt(20*s, first, "1")},
			want:    []plainPoint{{2 * s, 0}, {19 * s, 0}, {20 * s, s}, {20 * s, 0}},
		},
		{
			name:    "what comes after the manager's close does not count",
			commits: []Commit{commitAt(19*s, first, "1"), commitAt(21*s, first, "2")},
			views:   []View{viewAt(22*s, first, "1")},
			want:    []plainPoint{{2 * s, 0}, {19 * s, 0}, {20 * s, s}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &Record{
				Commits: test.commits, Views: test.views, Tenures: []Tenure{{"alpha", 2 * s, -1}}, ManagerClose: 20 * s, End: 30 * s,
			}
			require.Equal(t, test.want, plainPoints(r.Staleness(r.Tenures[0])))
		})
	}
}

func TestStalenessNamesTheOldestAndTheNewest(t *testing.T) {
	r := &Record{
		Tenures: []Tenure{{"alpha", 0, -1}}, ManagerClose: -1, End: 10 * s,
		// One transaction commits at the same instant and revision, so the names decide.
		Commits: []Commit{commitAt(5*s, second, "1"), commitAt(5*s, first, "1"), commitAt(6*s, third, "1")},
		Views:   []View{viewAt(7*s, third, "1")},
	}
	for range 20 { // often enough that an order from map iteration would differ
		points := r.Staleness(r.Tenures[0])
		last := points[len(points)-1]
		require.Equal(t, first, last.Oldest.Subject)
		require.Equal(t, 5*s, last.Staleness)
		require.Equal(t, 6*s, last.Newest)
		require.Negative(t, points[0].Newest, "nothing was shown yet")
	}
}

// begunAt is a commit at an instant whose update began earlier.
func begunAt(begun, at time.Duration, subject Subject, value string) Commit {
	c := commitAt(at, subject, value)
	c.Begun = begun
	return c
}

func TestOnlyAnUpdateThatWasSeenIsNewest(t *testing.T) {
	for _, test := range []struct {
		name    string
		commits []Commit
		views   []View
		want    time.Duration
	}{
		{"shown after its commit", []Commit{commitAt(5*s, first, "1")}, []View{viewAt(6*s, first, "1")}, 5 * s},
		{"shown before its commit was known", []Commit{commitAt(5*s, first, "1")}, []View{viewAt(4*s, first, "1")}, 5 * s},
		{"shown after its commit, begun before", []Commit{begunAt(3*s, 5*s, first, "1")}, []View{viewAt(6*s, first, "1")}, 3 * s},
		{"shown while it was on its way", []Commit{begunAt(3*s, 5*s, first, "1")}, []View{viewAt(4*s, first, "1")}, 3 * s},
		{
			"another that was begun earlier and took longer",
			[]Commit{commitAt(4*s, second, "1"), begunAt(3*s, 5*s, first, "1")},
			[]View{viewAt(4*s, first, "1"), viewAt(4*s, second, "1")},
			4 * s,
		},
		{"not shown", []Commit{commitAt(5*s, first, "1")}, nil, -1},
		{"gone before it was shown", []Commit{commitAt(5*s, first, "1"), commitAt(6*s, first, "")}, nil, -1},
		{"the same value committed again", []Commit{commitAt(5*s, first, "1"), commitAt(8*s, first, "1")}, []View{viewAt(6*s, first, "1")}, 5 * s},
		{
			"there and back again unseen",
			[]Commit{commitAt(5*s, first, "1"), commitAt(7*s, first, "2"), commitAt(8*s, first, "1")},
			[]View{viewAt(6*s, first, "1")},
			5 * s,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &Record{Commits: test.commits, Views: test.views, Tenures: []Tenure{{"alpha", 0, -1}}, ManagerClose: -1, End: 10 * s}
			points := r.Staleness(r.Tenures[0])
			require.Equal(t, test.want, points[len(points)-1].Newest)
		})
	}
}

func TestATenureIsUntilItIsTakenTheManagerIsClosedOrTheRecordEnds(t *testing.T) {
	for _, test := range []struct {
		name   string
		to     time.Duration
		closed time.Duration
		want   time.Duration
	}{
		{"to the end", -1, -1, 9 * s},
		{"to the close", -1, 7 * s, 7 * s},
		{"taken", 5 * s, -1, 5 * s},
		{"taken before the close", 5 * s, 7 * s, 5 * s},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &Record{Tenures: []Tenure{{"alpha", s, test.to}}, ManagerClose: test.closed, End: 9 * s}
			require.Equal(t, test.want, r.Until(r.Tenures[0]))
			points := r.Staleness(r.Tenures[0])
			require.Equal(t, s, points[0].At)
			require.Equal(t, test.want, points[len(points)-1].At)
		})
	}
}

func TestATenureIsFoundByAnInstantInIt(t *testing.T) {
	r := &Record{
		Tenures:      []Tenure{{"alpha", s, 3 * s}, {"beta", 0, -1}, {"alpha", 5 * s, 7 * s}, {"alpha", 7 * s, -1}},
		ManagerClose: 9 * s, End: 10 * s,
	}
	for at, want := range map[time.Duration]int{0: -1, s: 0, 2 * s: 0, 3 * s: 0, 4 * s: -1, 5 * s: 2, 6 * s: 2, 7 * s: 3, 9 * s: 3, 9*s + 1: -1} {
		t.Run(at.String(), func(t *testing.T) {
			got, ok := r.TenureAt("alpha", at)
			require.Equal(t, want >= 0, ok)
			if ok {
				require.Equal(t, r.Tenures[want], got)
			}
		})
	}
	_, ok := r.TenureAt("gamma", s)
	require.False(t, ok)
}

func TestATenureShowsNothingOfTheOneBefore(t *testing.T) {
	r := &Record{
		Tenures: []Tenure{{"alpha", s, 4 * s}, {"alpha", 6 * s, -1}}, ManagerClose: -1, End: 10 * s,
		Commits: []Commit{commitAt(2*s, first, "1"), commitAt(5*s, first, "2")},
		Views:   []View{viewAt(3*s, first, "1"), viewAt(8*s, first, "1"), viewAt(9*s, first, "2")},
	}
	require.Equal(t, []plainPoint{{s, 0}, {2 * s, 0}, {3 * s, s}, {3 * s, 0}, {4 * s, 0}}, plainPoints(r.Staleness(r.Tenures[0])))
	require.Equal(t, []plainPoint{{6 * s, 4 * s}, {8 * s, 6 * s}, {8 * s, 3 * s}, {9 * s, 4 * s}, {9 * s, 0}, {10 * s, 0}}, plainPoints(r.Staleness(r.Tenures[1])))
}

func TestMaxStalenessCountsFromTheFirstCompleteViewOfEachTenure(t *testing.T) {
	r := &Record{
		Tenures: []Tenure{{"alpha", 2 * s, 17 * s}, {"alpha", 18 * s, -1}}, ManagerClose: -1, End: 40 * s,
		Commits: []Commit{commitAt(3*s, first, "1"), commitAt(12*s, first, "2"), commitAt(30*s, first, "3")},
		Views:   []View{viewAt(10*s, first, "1"), viewAt(15*s, first, "2"), viewAt(29*s, first, "2"), viewAt(32*s, first, "3")},
	}
	require.Equal(t, 7*s, r.MaxStaleness(), "complete from the begin on, since nothing had been committed")
	r.Commits[0] = commitAt(s, first, "1")
	require.Equal(t, 3*s, r.MaxStaleness(), "the 9s and the 17s before are the starts'")
}
