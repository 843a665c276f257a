package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

// broken is a promise of a watch on m2 that was not kept.
func broken(cluster string, when float64, problem string) event {
	return func(r *record.Record) {
		r.Broken = append(r.Broken, record.Broken{At: at(when), Cluster: cluster, Member: "m2", Key: "/k", Opened: at(3), Problem: problem})
	}
}

func TestABrokenPromiseSaysNothingOfTheManager(t *testing.T) {
	withhold := func(from, to float64) event {
		return all(fault("alpha", "WithholdEvents", from, to, record.Allowance{}), func(r *record.Record) {
			r.Faults[len(r.Faults)-1].Scope.Withheld = []string{"m2"}
		})
	}
	check(t, Promises{}, []judgement{
		{name: "no watch", history: run(sent("alpha", 20, 1, 0, 9)), want: record.NotAsked},
		{name: "all kept", history: run(sent("alpha", 20, 1, 1, 9)), want: record.Passed, evidence: []string{`ordered, unique, atomic and complete`}},
		{
			name:    "one broken",
			history: run(hang("alpha", 19, 21), broken("alpha", 20, "something came twice"), broken("alpha", 22, "again")),
			want:    record.NotJudged,
			evidence: []string{
				`^etcd or a link, and not the manager, broke a promise of the watch of /k on alpha/m2, created at 3\.000s: at 20\.000s something came twice; at 20\.000s alpha/m1 led, .*HangDisk\(alpha/m1\) in force; this is the first of 2 violations$`,
			},
		},
		{
			name:    "broken on purpose",
			history: run(withhold(20, 30), broken("alpha", 20, "x"), broken("alpha", 31, "y")),
			want:    record.Passed, evidence: []string{`^2 promises broken by WithholdEvents\(alpha/m1\), on purpose$`},
		},
		{name: "broken before the fault", history: run(withhold(20, 30), broken("alpha", 19.9, "x")), want: record.NotJudged},
		{name: "broken in another cluster", history: run(withhold(20, 30), broken("beta", 25, "x")), want: record.NotJudged},
	})
}

// claims makes the manager say something of its view.
func claims(cluster string, when float64, what record.Claim) event {
	return func(r *record.Record) {
		r.Healths = append(r.Healths, record.Health{At: at(when), Cluster: cluster, Claim: what})
	}
}

func TestAStaleViewDoesNotClaimToBeUpToDate(t *testing.T) {
	up, out, nothing := record.ClaimsUpToDate, record.ClaimsOutOfDate, record.ClaimsNothing
	// The view lacks an update from 20 s to 30 s; calm is 200 ms.
	stale := all(seen("alpha", 10, 0.1, "t", "1"), seen("alpha", 20, 10, "t", "2"))
	// Recovery from the hang is allowed until 28 s.
	hung := hang("alpha", 20, 40)
	check(t, Honesty{}, []judgement{
		{name: "it says nothing", history: run(stale), want: record.Passed, evidence: []string{`the manager says nothing of its health$`}},
		{
			name:     "it claims to be up to date",
			history:  run(stale, claims("alpha", 1, up)),
			evidence: []string{`^alpha: from 1\.000s to 50\.000s the view claimed to be up to date, but checkpoint t = 2 \(revision 2, committed at 20\.000s\) was not shown; a manager must not overlook that for longer than 200ms \(calm, with no fault and no recovery under way\); the view showed checkpoint t = 1, since 10\.100s, and claimed to be up to date; at 20\.200s`},
		},
		{name: "it says so in time", history: run(stale, claims("alpha", 1, up), claims("alpha", 20.2, out)), want: record.Passed, evidence: []string{`no stale view claimed to be up to date$`}},
		{name: "it says so a moment late", history: run(stale, claims("alpha", 1, up), claims("alpha", 20.201, out)), evidence: []string{`from 1\.000s to 20\.201s .*at 20\.200s`}},
		{name: "it says no more", history: run(stale, claims("alpha", 1, up), claims("alpha", 20.1, nothing)), want: record.Passed},
		{name: "it claims again too early", history: run(stale, claims("alpha", 1, up), claims("alpha", 20.1, out), claims("alpha", 29, up)), evidence: []string{`from 29\.000s to 50\.000s .*; at 29\.000s`}},
		{name: "it claims again in time", history: run(stale, claims("alpha", 1, up), claims("alpha", 20.1, out), claims("alpha", 30, up)), want: record.Passed},
		{name: "while a recovery is allowed it need not know", history: run(hung, stale, claims("alpha", 1, up), claims("alpha", 28, out)), want: record.Passed},
		{name: "after that it must", history: run(hung, stale, claims("alpha", 1, up), claims("alpha", 28.1, out)), evidence: []string{`\(calm since 28\.000s, .*; .*at 28\.000s`}},
		{
			name:    "cut off, it must notice",
			history: run(seen("alpha", 10, 0.1, "t", "1"), lose("alpha", record.LostReach, 20, 45), seen("alpha", 21, 25, "t", "2"), claims("alpha", 1, up)),
			evidence: []string{
				`must not overlook that for longer than 10\.2s \(cut off, since reach lost\); .*at 31\.200s`,
			},
		},
		{
			name:    "cut off, it notices",
			history: run(seen("alpha", 10, 0.1, "t", "1"), lose("alpha", record.LostReach, 20, 45), seen("alpha", 21, 25, "t", "2"), claims("alpha", 1, up), claims("alpha", 31.2, out)),
			want:    record.Passed,
		},
		{name: "without a quorum nobody knows", history: run(seen("alpha", 10, 0.1, "t", "1"), lose("alpha", record.LostQuorum, 20, 45), seen("alpha", 21, 25, "t", "2"), claims("alpha", 1, up)), want: record.Passed},
		{name: "another cluster's claim", history: run(stale, claims("beta", 1, up)), want: record.Passed},
		{name: "of a tenure before", history: run(stale, tenures("alpha", 0, 5, 8, never), claims("alpha", 1, up), show("alpha", 8, "t", "1")), want: record.Passed},
		{
			name:     "it never is well",
			history:  run(seen("alpha", 10, 0.1, "t", "1"), claims("alpha", 1, out)),
			evidence: []string{`^alpha: the view never claimed to be up to date, not even from 6\.200s to 50\.000s, when nothing was wrong; at 50\.000s`},
		},
		{name: "it never is well, and rightly", history: run(commit("alpha", 20, "t", "1"), claims("alpha", 1, out)), want: record.Passed},
		{
			name:     "it was stale before it was calm",
			history:  run(hang("alpha", 10, 20), seen("alpha", 11, 12, "t", "1"), claims("alpha", 1, out)),
			evidence: []string{`not even from 28\.000s to 50\.000s`},
		},
		{name: "it was well once", history: run(claims("alpha", 1, out), claims("alpha", 49, up)), want: record.Passed},
		{name: "it had no time to be", history: run(claims("alpha", 1, out), tenures("alpha", 0, 14.2)), want: record.Passed},
		{name: "it had a moment more than a failover takes", history: run(claims("alpha", 1, out), tenures("alpha", 0, 14.201)), evidence: []string{`never claimed`}},
		{
			name:     "a view that cannot be read",
			history:  run(stale, claims("alpha", 1, up), answer("alpha", 20, "View panicked"), func(r *record.Record) { r.Answers[0].Unseen = true }),
			evidence: []string{`View panicked`},
		},
	})
}
