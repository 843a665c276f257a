package record

import (
	"fmt"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormwatch/stormwatch/harness/bound"
)

// pass lets virtual time go by. It is the only use of the clock here: in a bubble it waits for nothing real.
func pass(d time.Duration) { <-time.After(d) }

func recorder() *Recorder {
	r := NewRecorder(bound.Production())
	r.Cluster("alpha", []string{"m1", "m2", "m3"})
	return r
}

func TestRecorderStampsEachEventWithItsInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		events := []func(){
			rec.ManagerStarted,
			func() { rec.Commit(Commit{Cluster: "alpha", Subject: first, Value: "1"}) },
			func() { rec.View(View{Cluster: "alpha", Changes: []Change{{first, "1"}}}) },
			func() { rec.Error(ViewError{Cluster: "alpha"}) },
			func() { rec.Leader("alpha", "m1", 2) },
			func() { rec.Belief(Belief{Cluster: "alpha", Member: "m1"}) },
			func() { rec.Keys(Keys{Cluster: "alpha"}) },
			func() { rec.Note("so far") },
			func() { rec.Check(Expectation{}) },
			func() { rec.Added("alpha") },
			func() { rec.Removed("alpha") },
			rec.ManagerClosing,
			rec.ManagerClosed,
			func() { rec.Left("Close", "a goroutine") },
		}
		for _, event := range events {
			pass(s)
			event()
		}
		pass(s)
		r := rec.Finish()
		got := []time.Duration{
			r.ManagerStart, r.Commits[0].At, r.Views[0].At, r.Errors[0].At, r.Leaders[0].At, r.Beliefs[0].At, r.Keys[0].At,
			r.Notes[0].At, r.Checks[0].At, r.Clusters[0].Since, r.Clusters[0].Until, r.ManagerClose, r.ManagerClosed, r.Left[0].At, r.End,
		}
		for i, at := range got {
			if want := time.Duration(i+1) * s; at != want {
				t.Errorf("event %d is at %v, want %v", i, at, want)
			}
		}
	})
}

func TestRecorderNotesWhereFaultsTakeTheQuorum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		healFirst := rec.Fault("Kill(alpha/m1)", Scope{Cluster: "alpha", Crippled: []string{"m1"}})
		pass(s)
		healSecond := rec.Fault("Kill(alpha/m2)", Scope{Cluster: "alpha", Crippled: []string{"m2"}})
		pass(s)
		healFirst()
		pass(s)
		healFirst() // a second time means nothing
		rec.Fault("Kill(alpha/m3)", Scope{Cluster: "alpha", Crippled: []string{"m3"}})
		pass(s)
		r := rec.Finish()
		healSecond() // too late

		want := []QuorumLoss{{"alpha", 1 * s, 2 * s}, {"alpha", 3 * s, 4 * s}}
		if !reflect.DeepEqual(r.Quorum, want) {
			t.Errorf("quorum was lost %v, want %v", r.Quorum, want)
		}
		for i, want := range []time.Duration{2 * s, -1, -1} {
			if r.Faults[i].To != want {
				t.Errorf("%s ended at %v, want %v", r.Faults[i].Text, r.Faults[i].To, want)
			}
		}
	})
}

func TestRecorderKeepsSilencesLongerThanHalfTheIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		half := bound.Production().IdleTimeout / 2
		watch := rec.Watch("alpha", "m2", "/k")
		pass(half)
		watch.Sent() // just not long enough
		pass(half + 1)
		watch.Sent()
		pass(s)
		watch.Sent()
		pass(s)
		watch.Close()
		pass(s)
		watch.Close()
		open := rec.Watch("alpha", "m3", "/l")
		r := rec.Finish()
		open.Sent()

		if got := r.Watches[0]; got.Closed != 2*half+1+2*s || got.Last != 2*half+1+s {
			t.Errorf("last answer at %v, closed at %v", got.Last, got.Closed)
		}
		if got, want := r.Watches[0].Silences, []Silence{{half, 2*half + 1}}; !reflect.DeepEqual(got, want) {
			t.Errorf("silences are %v, want %v", got, want)
		}
		if got := r.Watches[1]; got.ID != 2 || got.Closed >= 0 {
			t.Errorf("the second watch is %+v, want number 2, open", got)
		}
	})
}

func TestClusterGivenBackToTheManagerIsManagedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		rec.ManagerStarted()
		pass(s)
		rec.Removed("alpha")
		pass(s)
		rec.Added("alpha")
		pass(s)
		if from, until, ok := rec.Finish().Managed("alpha"); !ok || from != 2*s || until != 3*s {
			t.Errorf("managed from %v until %v, %v; want 2s, 3s", from, until, ok)
		}
	})
}

func TestFreshWantsAnUpdateSinceAndToleratesYoungOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		see := func(subject Subject, value string) {
			rec.View(View{Cluster: "alpha", Changes: []Change{{subject, value}}})
		}
		require := func(what string, fresh, complete bool) {
			t.Helper()
			if got := rec.Fresh("alpha", s, s); got != fresh {
				t.Errorf("%s: fresh since 1s is %v, want %v", what, got, fresh)
			}
			if got := rec.Complete("alpha"); got != complete {
				t.Errorf("%s: complete is %v, want %v", what, got, complete)
			}
		}
		require("nothing happened", false, true)
		pass(s)
		rec.Commit(Commit{Begun: s, Cluster: "alpha", Subject: first, Value: "1"})
		see(first, "1")
		require("shown, but begun at 1s and not since", false, true)
		pass(s)
		rec.Commit(Commit{Begun: s, Cluster: "alpha", Subject: second, Value: "1"})
		see(second, "1")
		require("committed since and shown, but begun at 1s", false, true)
		rec.Commit(Commit{Begun: 2 * s, Cluster: "alpha", Subject: first, Value: "2"})
		require("committed and not shown", false, false)
		see(first, "2")
		require("shown", true, true)
		rec.Commit(Commit{Begun: 2 * s, Cluster: "alpha", Subject: second, Value: "2"})
		pass(s)
		require("another not shown for as long as tolerated", true, false)
		pass(1)
		require("and for longer", false, false)
	})
}

func TestCommitAfterIsOfTheFirstUpdateBegunSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		for _, c := range []Commit{{Begun: s, Cluster: "alpha"}, {Begun: 3 * s, Cluster: "beta"}, {Begun: 3 * s, Cluster: "alpha"}, {Begun: 5 * s, Cluster: "alpha"}} {
			pass(2 * s)
			rec.Commit(c)
		}
		// They were committed at 2, 4, 6 and 8 seconds.
		for since, want := range map[time.Duration]time.Duration{0: 2 * s, s: 6 * s, 3*s - 1: 6 * s, 3 * s: 8 * s} {
			if got, ok := rec.CommitAfter("alpha", since); !ok || got != want {
				t.Errorf("the first after %v was committed at %v, %v; want %v", since, got, ok, want)
			}
		}
		if got, ok := rec.CommitAfter("alpha", 5*s); ok {
			t.Errorf("one after 5s was committed at %v, but none was begun", got)
		}
	})
}

func TestLookSeesTheRecordAsItStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		pass(s)
		rec.Note("one")
		pass(s)
		rec.Look(func(r *Record) {
			if r.End != 2*s || len(r.Notes) != 1 {
				t.Errorf("the record stands at %v with %d notes, want 2s and 1", r.End, len(r.Notes))
			}
		})
		pass(s)
		r := rec.Finish()
		rec.Note("too late")
		pass(s)
		rec.Look(func(r *Record) {})
		if again := rec.Finish(); again != r || r.End != 3*s || len(r.Notes) != 1 {
			t.Errorf("finished at %v with %d notes, want 3s and 1, for good", r.End, len(r.Notes))
		}
	})
}

func TestRecorderServesManyAtOnce(t *testing.T) {
	rec := recorder()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 100 {
				rec.Commit(Commit{Cluster: "alpha", Subject: first, Value: fmt.Sprint(i, j)})
				rec.Fresh("alpha", 0, time.Hour)
				heal := rec.Fault("Isolate(alpha/m1)", Scope{Cluster: "alpha", Crippled: []string{"m1"}})
				watch := rec.Watch("alpha", "m1", "/k")
				watch.Sent()
				watch.Close()
				heal()
				rec.Look(func(r *Record) { _ = r.Situation("alpha", r.End) })
			}
		})
	}
	all.Wait()
	r := rec.Finish()
	if len(r.Commits) != 800 || len(r.Faults) != 800 || len(r.Watches) != 800 {
		t.Errorf("%d commits, %d faults, %d watches on record, want 800 each", len(r.Commits), len(r.Faults), len(r.Watches))
	}
}
