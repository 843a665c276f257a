package record

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/bound"
)

// pass lets virtual time pass. It must be called in a bubble, so it takes no real time.
func pass(d time.Duration) { <-time.After(d) }

func recorder() *Recorder {
	r := NewRecorder(bound.Production())
	r.Cluster("alpha", []string{"m1", "m2", "m3"})
	r.Kinds([]Kind{{Name: first.Kind}})
	return r
}

func TestRecorderStampsEachEventWithItsInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		var watch *OpenWatch
		var healed, over func()
		events := []func(){
			rec.ManagerStarted,
			func() { rec.Given("alpha") },
			func() { rec.Commit(Commit{Cluster: "alpha", Subject: first, Value: "1"}) },
			func() { rec.View(View{Cluster: "alpha", Changes: []Change{{first, "1"}}}) },
			func() { rec.Error(ViewError{Cluster: "alpha"}) },
			func() { rec.Answer(Answer{Cluster: "alpha", Problem: "View panicked"}) },
			func() { rec.Leader("alpha", "m1", 2) },
			func() { rec.Belief(Belief{Cluster: "alpha", Member: "m1"}) },
			func() { rec.Keys(Keys{Cluster: "alpha"}) },
			func() { rec.Note("so far") },
			func() { rec.Check(Expectation{}) },
			func() { healed = rec.Fault(Fault{Text: "Kill(alpha/m1)"}) },
			func() { healed() },
			func() { over = rec.Rest("alpha") },
			func() { over() },
			func() { watch = rec.Watch("alpha", "m1", "/k", true) },
			func() { watch.Sent() },
			func() { watch.Close() },
			func() { rec.Taken("alpha") },
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
			r.ManagerStart, r.Tenures[0].From, r.Commits[0].At, r.Views[0].At, r.Errors[0].At, r.Answers[0].At, r.Leaders[0].At, r.Beliefs[0].At,
			r.Keys[0].At, r.Notes[0].At, r.Checks[0].At, r.Faults[0].From, r.Faults[0].To, r.Rests[0].From, r.Rests[0].To, r.Watches[0].Opened,
			r.Watches[0].Last, r.Watches[0].Closed, r.Tenures[0].To, r.ManagerClose, r.ManagerClosed, r.Left[0].At, r.End,
		}
		for i, at := range got {
			require.Equal(t, time.Duration(i+1)*s, at, "event %d", i)
		}
		require.True(t, r.Watches[0].Ahead)
	})
}

func TestRecorderKeepsNoCommitsOfKindsThatTheManagerDoesNotShow(t *testing.T) {
	rec := recorder()
	rec.Commit(Commit{Cluster: "alpha", Subject: Subject{Kind: "weather", Name: "here"}, Value: "fine"})
	require.Empty(t, rec.Finish().Commits)
}

func TestRecorderNotesWhereFaultsTakeTheQuorumAndTheReach(t *testing.T) {
	cripple := func(m string) Fault {
		return Fault{Text: "Kill(alpha/" + m + ")", Scope: Scope{Cluster: "alpha", Crippled: []string{m}}}
	}
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		healFirst := rec.Fault(cripple("m1"))
		pass(s)
		healSecond := rec.Fault(cripple("m2"))
		pass(s)
		healFirst()
		pass(s)
		healFirst() // a second call does nothing
		healThird := rec.Fault(cripple("m3"))
		pass(s)
		healThird()
		reach := rec.Fault(Fault{Scope: Scope{Cluster: "alpha", Unreachable: []string{"m1", "m3"}}})
		pass(s)
		reach()
		rec.Fault(cripple("m3"))
		pass(s)
		r := rec.Finish()
		healSecond() // after Finish, so it is not recorded

		require.Equal(t, []Loss{
			{"alpha", LostQuorum, 1 * s, 2 * s},
			{"alpha", LostQuorum, 3 * s, 4 * s},
			{"alpha", LostReach, 4 * s, 5 * s},
			{"alpha", LostQuorum, 5 * s, 6 * s},
		}, r.Losses, "m2 is crippled from 1s on")
		for i, want := range []time.Duration{2 * s, -1, 4 * s, 5 * s, -1} {
			require.Equal(t, want, r.Faults[i].To, r.Faults[i].Text)
		}
	})
}

func TestALossIsNotedOnceAndAsOftenAsItComes(t *testing.T) {
	quorum := Fault{Scope: Scope{Cluster: "alpha", Crippled: []string{"m1", "m2"}}}
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		rec.Fault(quorum)() // begins and is healed at once
		pass(s)
		heal := rec.Fault(quorum)
		again := rec.Fault(quorum)
		pass(s)
		heal() // the other fault is still in force
		pass(s)
		again()
		require.Equal(t, []Loss{{"alpha", LostQuorum, 0, 0}, {"alpha", LostQuorum, s, 3 * s}}, rec.Finish().Losses)
	})
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		rec.Fault(quorum)
		rec.Fault(quorum)
		pass(s)
		require.Equal(t, []Loss{{"alpha", LostQuorum, 0, s}}, rec.Finish().Losses)
	})
}

func TestMembersThatComeAndGoDecideTheQuorum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		rec.Fault(Fault{Scope: Scope{Cluster: "alpha", Crippled: []string{"m1"}}})
		pass(s)
		rec.Departed("alpha", "m2") // now one of two members works
		pass(s)
		rec.Joined("alpha", "m4") // now two of three members work
		pass(s)
		r := rec.Finish()
		require.Equal(t, []Loss{{"alpha", LostQuorum, s, 2 * s}}, r.Losses)
		require.Equal(t, []string{"m1", "m2", "m3", "m4"}, r.Clusters[0].Members)
		require.Equal(t, []string{"m2"}, r.Clusters[0].Gone)
	})
}

func TestRecorderKeepsSilencesLongerThanHalfTheIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		half := bound.Production().IdleTimeout / 2
		watch := rec.Watch("alpha", "m2", "/k", false)
		pass(half)
		watch.Sent() // the silence was just too short to be recorded
		pass(half + 1)
		watch.Sent()
		pass(s)
		watch.Sent()
		pass(s)
		watch.Close()
		pass(s)
		watch.Close()
		open := rec.Watch("alpha", "m3", "/l", false)
		r := rec.Finish()
		open.Sent()

		require.Equal(t, 2*half+1+2*s, r.Watches[0].Closed)
		require.Equal(t, 2*half+1+s, r.Watches[0].Last)
		require.Equal(t, []Silence{{half, 2*half + 1}}, r.Watches[0].Silences)
		require.Equal(t, 2, r.Watches[1].ID)
		require.Negative(t, r.Watches[1].Closed)
	})
}

func TestWithoutAnIdleTimeoutSilencesAreNoMatter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timing := bound.Production()
		timing.IdleTimeout = 0
		rec := NewRecorder(timing)
		watch := rec.Watch("alpha", "m2", "/k", false)
		pass(time.Hour)
		watch.Sent()
		require.Empty(t, rec.Finish().Watches[0].Silences)
	})
}

func TestAClusterThatIsGivenToTheManagerAgainBeginsATenureInWhichNothingIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		rec.Given("alpha")
		rec.Commit(Commit{Begun: 1, Cluster: "alpha", Subject: first, Value: "1"})
		rec.View(View{Cluster: "alpha", Changes: []Change{{first, "1"}}})
		require.True(t, rec.Complete("alpha"))
		require.True(t, rec.Fresh("alpha", 0, s))
		pass(s)
		rec.Taken("alpha")
		pass(s)
		rec.Given("alpha")
		require.False(t, rec.Complete("alpha"))
		require.False(t, rec.Fresh("alpha", 0, time.Hour))
		rec.View(View{Cluster: "alpha", Changes: []Change{{first, "1"}}})
		require.True(t, rec.Complete("alpha"))
		pass(s)
		require.Equal(t, []Tenure{{"alpha", 0, s}, {"alpha", 2 * s, -1}}, rec.Finish().Tenures)
	})
}

func TestFreshWantsAnUpdateSinceAndToleratesYoungOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		see := func(subject Subject, value string) {
			rec.View(View{Cluster: "alpha", Changes: []Change{{subject, value}}})
		}
		want := func(what string, fresh, complete bool) {
			t.Helper()
			require.Equal(t, fresh, rec.Fresh("alpha", s, s), "%s: fresh since 1s", what)
			require.Equal(t, complete, rec.Complete("alpha"), "%s: complete", what)
		}
		want("nothing happened", false, true)
		pass(s)
		rec.Commit(Commit{Begun: s, Cluster: "alpha", Subject: first, Value: "1"})
		see(first, "1")
		want("shown, but begun at 1s and not since", false, true)
		pass(s)
		rec.Commit(Commit{Begun: s, Cluster: "alpha", Subject: second, Value: "1"})
		see(second, "1")
		want("committed since and shown, but begun at 1s", false, true)
		rec.Commit(Commit{Begun: 2 * s, Cluster: "alpha", Subject: first, Value: "2"})
		want("committed and not shown", false, false)
		see(first, "2")
		want("shown", true, true)
		rec.Commit(Commit{Begun: 2 * s, Cluster: "alpha", Subject: second, Value: "2"})
		pass(s)
		want("another not shown for as long as tolerated", true, false)
		pass(1)
		want("and for longer", false, false)
	})
}

func TestCommitAfterIsOfTheFirstUpdateBegunSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		for _, c := range []Commit{{Begun: s, Cluster: "alpha"}, {Begun: 3 * s, Cluster: "beta"}, {Begun: 3 * s, Cluster: "alpha"}, {Begun: 5 * s, Cluster: "alpha"}} {
			pass(2 * s)
			c.Subject = first
			rec.Commit(c)
		}
		// They were committed at 2, 4, 6 and 8 seconds.
		for since, want := range map[time.Duration]time.Duration{0: 2 * s, s: 6 * s, 3*s - 1: 6 * s, 3 * s: 8 * s} {
			got, ok := rec.CommitAfter("alpha", since)
			require.True(t, ok, "one after %v", since)
			require.Equal(t, want, got, "the first after %v", since)
		}
		_, ok := rec.CommitAfter("alpha", 5*s)
		require.False(t, ok, "none was begun after 5s")
	})
}

func TestLookSeesTheRecordAsItStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		pass(s)
		rec.Note("one")
		pass(s)
		rec.Look(func(r *Record) {
			require.Equal(t, 2*s, r.End)
			require.Len(t, r.Notes, 1)
		})
		pass(s)
		r := rec.Finish()
		rec.Note("too late")
		pass(s)
		rec.Look(func(r *Record) {})
		require.Same(t, r, rec.Finish())
		require.Equal(t, 3*s, r.End)
		require.Len(t, r.Notes, 1)
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
				heal := rec.Fault(Fault{Text: "Isolate(alpha/m1)", Scope: Scope{Cluster: "alpha", Crippled: []string{"m1"}}})
				watch := rec.Watch("alpha", "m1", "/k", false)
				watch.Sent()
				watch.Close()
				heal()
				rec.Look(func(r *Record) { _ = r.Situation("alpha", r.End) })
			}
		})
	}
	all.Wait()
	r := rec.Finish()
	require.Len(t, r.Commits, 800)
	require.Len(t, r.Faults, 800)
	require.Len(t, r.Watches, 800)
}

func TestAChangeOfMembersCripplesThoseThatApplyNothing(t *testing.T) {
	r := NewRecorder(roundTiming())
	r.Cluster("alpha", []string{"m1", "m2", "m3"})
	r.Fault(Fault{Scope: Scope{Cluster: "alpha", Stuck: []string{"m3"}}})
	r.Fault(Fault{Scope: Scope{Cluster: "alpha", Crippled: []string{"m2"}}})
	r.Look(func(rec *Record) { require.Empty(t, rec.Losses) })
	r.Joined("alpha", "m4")
	r.Look(func(rec *Record) {
		require.Equal(t, []string{"m3"}, rec.Faults[0].Scope.Crippled)
		require.Len(t, rec.Losses, 1)
		require.Equal(t, LostQuorum, rec.Losses[0].Of)
	})
}
