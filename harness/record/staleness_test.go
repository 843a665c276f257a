package record

import (
	"slices"
	"testing"
	"time"
)

var (
	first  = Subject{Kind: Checkpoint, Name: "first"}
	second = Subject{Kind: Checkpoint, Name: "second"}
	third  = Subject{Kind: Checkpoint, Name: "third"}
)

const s = time.Second

func commitAt(at time.Duration, subject Subject, value string) Commit {
	return Commit{Begun: at, At: at, Cluster: "alpha", Subject: subject, Value: value, Revision: int64(at / time.Millisecond)}
}

func viewAt(at time.Duration, subject Subject, value string) View {
	return View{At: at, Cluster: "alpha", Changes: []Change{{subject, value}}}
}

// tooth is a point without what is tested elsewhere.
type tooth struct{ at, staleness time.Duration }

func teeth(points []Point) []tooth {
	var all []tooth
	for _, p := range points {
		t := tooth{p.At, p.Staleness}
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
		want    []tooth
	}{
		{
			name: "nothing committed",
			want: []tooth{{2 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "shown after a second",
			commits: []Commit{commitAt(5*s, first, "1")},
			views:   []View{viewAt(6*s, first, "1")},
			want:    []tooth{{2 * s, 0}, {5 * s, 0}, {6 * s, s}, {6 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "shown at the instant of its commit",
			commits: []Commit{commitAt(5*s, first, "1")},
			views:   []View{viewAt(5*s, first, "1")},
			want:    []tooth{{2 * s, 0}, {5 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "shown before its writer had the answer",
			commits: []Commit{commitAt(5*s, first, "1")},
			views:   []View{viewAt(4*s, first, "1")},
			want:    []tooth{{2 * s, 0}, {4 * s, 0}, {5 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "a later update of the subject shows the earlier",
			commits: []Commit{commitAt(5*s, first, "1"), commitAt(6*s, first, "2")},
			views:   []View{viewAt(7*s, first, "2")},
			want:    []tooth{{2 * s, 0}, {5 * s, 0}, {6 * s, s}, {7 * s, 2 * s}, {7 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "an earlier one does not show the later",
			commits: []Commit{commitAt(5*s, first, "1"), commitAt(6*s, first, "2")},
			views:   []View{viewAt(7*s, first, "1")},
			want:    []tooth{{2 * s, 0}, {5 * s, 0}, {6 * s, s}, {7 * s, 2 * s}, {7 * s, s}, {20 * s, 14 * s}},
		},
		{
			name:    "another subject's does not either",
			commits: []Commit{commitAt(5*s, first, "1"), commitAt(6*s, second, "1")},
			views:   []View{viewAt(7*s, second, "1")},
			want:    []tooth{{2 * s, 0}, {5 * s, 0}, {6 * s, s}, {7 * s, 2 * s}, {20 * s, 15 * s}},
		},
		{
			name:    "nor a value that was never committed",
			commits: []Commit{commitAt(5*s, first, "1")},
			views:   []View{viewAt(7*s, first, "9")},
			want:    []tooth{{2 * s, 0}, {5 * s, 0}, {7 * s, 2 * s}, {20 * s, 15 * s}},
		},
		{
			name:    "of values that repeat the latest counts as shown",
			commits: []Commit{commitAt(5*s, first, "1"), commitAt(6*s, first, "2"), commitAt(7*s, first, "1")},
			views:   []View{viewAt(8*s, first, "1")},
			want:    []tooth{{2 * s, 0}, {5 * s, 0}, {6 * s, s}, {7 * s, 2 * s}, {8 * s, 3 * s}, {8 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "gone is an update too",
			commits: []Commit{commitAt(1*s, first, "1"), commitAt(5*s, first, "")},
			views:   []View{viewAt(1*s, first, "1"), viewAt(8*s, first, "")},
			want:    []tooth{{2 * s, 0}, {5 * s, 0}, {8 * s, 3 * s}, {8 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "what is gone before it was shown need not be",
			commits: []Commit{commitAt(5*s, first, "1"), commitAt(7*s, first, "")},
			want:    []tooth{{2 * s, 0}, {5 * s, 0}, {7 * s, 2 * s}, {7 * s, 0}, {20 * s, 0}},
		},
		{
			name:    "what was committed before the manager came is old already",
			commits: []Commit{commitAt(1*s, first, "1"), commitAt(1500*time.Millisecond, second, "1")},
			views:   []View{viewAt(3*s, first, "1")},
			want:    []tooth{{2 * s, s}, {3 * s, 2 * s}, {3 * s, 1500 * time.Millisecond}, {20 * s, 18500 * time.Millisecond}},
		},
		{
			name:    "shown at the very end",
			commits: []Commit{commitAt(19*s, first, "1")},
			views:   []View{viewAt(20*s, first, "1")},
			want:    []tooth{{2 * s, 0}, {19 * s, 0}, {20 * s, s}, {20 * s, 0}},
		},
		{
			name:    "what comes after the manager's close does not count",
			commits: []Commit{commitAt(19*s, first, "1"), commitAt(21*s, first, "2")},
			views:   []View{viewAt(22*s, first, "1")},
			want:    []tooth{{2 * s, 0}, {19 * s, 0}, {20 * s, s}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &Record{
				Clusters: []Cluster{{Name: "alpha"}}, Commits: test.commits, Views: test.views,
				ManagerStart: 2 * s, ManagerClose: 20 * s, End: 30 * s,
			}
			if got := teeth(r.Staleness("alpha")); !slices.Equal(got, test.want) {
				t.Errorf("the series is %v, want %v", got, test.want)
			}
		})
	}
}

func TestStalenessNamesTheOldestAndTheNewest(t *testing.T) {
	r := &Record{
		Clusters: []Cluster{{Name: "alpha"}}, ManagerClose: -1, End: 10 * s,
		// One transaction: same instant, same revision. The names decide.
		Commits: []Commit{commitAt(5*s, second, "1"), commitAt(5*s, first, "1"), commitAt(6*s, third, "1")},
		Views:   []View{viewAt(7*s, third, "1")},
	}
	for range 20 { // map order would show
		points := r.Staleness("alpha")
		last := points[len(points)-1]
		if last.Oldest.Subject != first || last.Staleness != 5*s {
			t.Fatalf("the oldest is %+v, %v old; want first's, 5s old", last.Oldest, last.Staleness)
		}
		if last.Newest != 6*s || points[0].Newest >= 0 {
			t.Fatalf("the newest shown is of %v at the end and %v at the start, want 6s and none", last.Newest, points[0].Newest)
		}
	}
}

// begunAt is commitAt for an update that was on its way for some time.
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
			r := &Record{Clusters: []Cluster{{Name: "alpha"}}, Commits: test.commits, Views: test.views, ManagerClose: -1, End: 10 * s}
			points := r.Staleness("alpha")
			if got := points[len(points)-1].Newest; got != test.want {
				t.Errorf("the newest update shown is of %v, want %v", got, test.want)
			}
		})
	}
}

func TestManagedIsFromGivenToTakenAway(t *testing.T) {
	for _, test := range []struct {
		name        string
		record      Record
		from, until time.Duration
		never       bool
	}{
		{name: "to the end", record: Record{ManagerStart: s, ManagerClose: -1, Clusters: []Cluster{{Name: "alpha"}}}, from: s, until: 9 * s},
		{name: "to the close", record: Record{ManagerStart: s, ManagerClose: 7 * s, Clusters: []Cluster{{Name: "alpha"}}}, from: s, until: 7 * s},
		{
			name:   "given later, removed earlier",
			record: Record{ManagerStart: s, ManagerClose: 7 * s, Clusters: []Cluster{{Name: "alpha", Since: 2 * s, Until: 5 * s}}},
			from:   2 * s, until: 5 * s,
		},
		{name: "no manager", record: Record{ManagerStart: -1, ManagerClose: -1, Clusters: []Cluster{{Name: "alpha"}}}, never: true},
		{name: "no such cluster", record: Record{ManagerStart: s, ManagerClose: -1}, never: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.record.End = 9 * s
			from, until, ok := test.record.Managed("alpha")
			if from != test.from || until != test.until || ok == test.never {
				t.Errorf("managed from %v until %v, %v; want %v, %v, %v", from, until, ok, test.from, test.until, !test.never)
			}
			if points := test.record.Staleness("alpha"); (len(points) == 0) != test.never {
				t.Errorf("a series of %d points, though managed is %v", len(points), ok)
			}
		})
	}
}

func TestMaxStalenessCountsFromTheFirstCompleteView(t *testing.T) {
	r := &Record{
		Clusters: []Cluster{{Name: "alpha"}}, ManagerStart: 2 * s, ManagerClose: -1, End: 20 * s,
		Commits: []Commit{commitAt(s, first, "1"), commitAt(12*s, first, "2")},
		Views:   []View{viewAt(10*s, first, "1"), viewAt(15*s, first, "2")},
	}
	if got := r.MaxStaleness(); got != 3*s {
		t.Errorf("the largest staleness is %v, want 3s: the 9s before are the start's", got)
	}
}
