package record

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// What happens to the clusters before and after a fork is on every record; what a manager does is on its own.
func TestEachManagerHasARecordOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		rec.Leader("alpha", "m1", 2)
		healed := rec.Fault(Fault{Text: "Kill(alpha/m3)", Scope: Scope{Cluster: "alpha", Crippled: []string{"m3"}}})
		rec.Commit(Commit{Cluster: "alpha", Subject: first, Value: "1"})
		rec.Restored("alpha", 1, map[Subject]string{first: "0"})
		rec.Given("alpha")
		rec.View(View{Cluster: "alpha", Changes: []Change{{first, "1"}}})
		pass(s)

		rival := rec.Fork()
		require.Same(t, rival, rec.Of(2))
		require.Same(t, rec, rec.Of(1))
		rival.Given("alpha")
		rival.ManagerStarted()
		rec.Joined("alpha", "m4")
		over := rec.Rest("alpha")
		rec.Belief(Belief{Cluster: "alpha", Member: "m1"})
		rec.Commit(Commit{Cluster: "alpha", Subject: first, Value: "2"})
		rival.View(View{Cluster: "alpha", Changes: []Change{{first, "2"}}})
		rival.Watch("alpha", "m2", "/k", false)
		require.True(t, rival.Complete("alpha"))
		require.False(t, rec.Complete("alpha"))
		pass(s)
		healed()
		over()
		rival.ManagerClosing()
		pass(s)
		rival.ManagerClosed()
		r := rec.Finish()

		require.Len(t, r.Others, 1)
		other := r.Others[0]
		require.Equal(t, []int{1, 2}, []int{r.Manager, other.Manager})
		require.Equal(t, r.Leaders, other.Leaders)
		require.Equal(t, r.Beliefs, other.Beliefs)
		require.Equal(t, r.Faults, other.Faults)
		require.Equal(t, 2*s, other.Faults[0].To)
		require.Equal(t, r.Commits, other.Commits)
		require.Len(t, other.Commits, 3)
		require.Equal(t, r.Restores, other.Restores)
		require.Len(t, other.Restores, 1)
		require.Equal(t, r.Rests, other.Rests)
		require.Equal(t, r.Clusters, other.Clusters)
		require.Equal(t, r.Kinds, other.Kinds)
		require.Equal(t, r.End, other.End)
		require.Equal(t, []string{"1", "2"}, []string{r.Views[0].Changes[0].Value, other.Views[0].Changes[0].Value})
		require.Empty(t, r.Watches)
		require.Len(t, other.Watches, 1)
		require.Equal(t, s, other.ManagerStart)
		require.Equal(t, []Closing{{Manager: 2, From: 2 * s, To: 3 * s}}, r.Closings)
		require.Empty(t, other.Closings)
		require.Contains(t, r.Transcript(TranscriptOptions{}), "manager 2: manager closing")
	})
}

// A fault that is aimed at one manager costs no other one its reach.
func TestAFaultOfOneManagerIsNoneOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		aimed := Fault{
			Text: "BlackholeManager(alpha, 2)", Allowance: Allowance{Name: "silent member", Recovery: s},
			Scope: Scope{Cluster: "alpha", Manager: 2, Members: []string{"m1", "m2", "m3"}, Unreachable: []string{"m1", "m2", "m3"}},
		}
		rec.Fault(aimed)
		rival := rec.Fork()
		third := rec.Fork()
		pass(s)
		rec.Fault(aimed)
		pass(s)
		for _, r := range []*Recorder{rec, third} {
			r.Look(func(r *Record) {
				require.Empty(t, r.Losses)
				require.Len(t, r.Faults, 2)
				require.Equal(t, aimed.Text, r.Faults[0].Text)
				require.Equal(t, Scope{Manager: 2}, r.Faults[0].Scope)
				require.Zero(t, r.Faults[1].Allowance)
			})
		}
		rival.Look(func(r *Record) {
			require.Equal(t, []Loss{{Cluster: "alpha", Of: LostReach, To: -1}}, r.Losses)
			require.Equal(t, aimed.Scope, r.Faults[1].Scope)
			require.Equal(t, aimed.Allowance, r.Faults[1].Allowance)
		})
	})
}

func TestAClaimEndsWithItsOwnLimitIfThatIsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder()
		limited := rec.Owns(Ownership{Cluster: "alpha", Thing: first, Until: 5 * s})
		ended := rec.Owns(Ownership{Cluster: "alpha", Thing: first, Until: 5 * s})
		unlimited := rec.Owns(Ownership{Cluster: "alpha", Thing: first, Until: -1})
		limited.Until(6 * s)
		pass(2 * s)
		ended.End(rec.Now())
		ended.Until(9 * s) // too late
		pass(8 * s)
		limited.End(rec.Now())
		unlimited.End(rec.Now())
		open := rec.Owns(Ownership{Cluster: "alpha", Thing: first, Until: -1})
		gone := rec.Held(Holding{Cluster: "alpha", Key: "/k"})
		pass(s)
		gone("m1", 7)
		gone("m2", 8)
		rec.ManagerClosing()
		pass(s)
		_ = open
		r := rec.Finish()
		require.Equal(t, 6*s, r.OwnedUntil(r.Owned[0]))
		require.Equal(t, 2*s, r.OwnedUntil(r.Owned[1]))
		require.Equal(t, 10*s, r.OwnedUntil(r.Owned[2]))
		require.Equal(t, 11*s, r.OwnedUntil(r.Owned[3]), "what is claimed when the manager closes ends there")
		require.Equal(t, Holding{Cluster: "alpha", Key: "/k", From: 10 * s, To: 11 * s, Gone: 7, Member: "m1"}, r.Holdings[0])
		require.Contains(t, r.Transcript(TranscriptOptions{}), "claims to own")
	})
}
