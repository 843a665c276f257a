package oracle

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/record"
)

// thing is what is owned in these histories.
var thing = record.Subject{Kind: "lock", Name: "l"}

// owns is a claim of the first manager, under a key and a lease of this number.
func owns(cluster string, lease int64, from, to float64) event {
	return func(r *record.Record) {
		r.Owned = append(r.Owned, record.Ownership{
			Cluster: cluster, Thing: thing, Key: key(lease), Lease: lease, From: at(from), To: at(to), Until: -1,
		})
	}
}

func key(lease int64) string { return "/locks/l/" + string(rune('a'+lease)) }

// until sets the instant up to which the latest claim is made.
func until(seconds float64) event {
	return func(r *record.Record) { r.Owned[len(r.Owned)-1].Until = at(seconds) }
}

// of another thing is the latest claim.
func ofAnother(r *record.Record) { r.Owned[len(r.Owned)-1].Thing.Name = "other" }

// underLease and underKey change the latest claim.
func underLease(lease int64) event {
	return func(r *record.Record) { r.Owned[len(r.Owned)-1].Lease = lease }
}

func underKey(key string) event {
	return func(r *record.Record) { r.Owned[len(r.Owned)-1].Key = key }
}

// held is the time in which the key of a lease stood.
func held(cluster string, lease int64, from, to float64) event {
	return func(r *record.Record) {
		r.Holdings = append(r.Holdings, record.Holding{
			Cluster: cluster, Key: key(lease), Lease: lease, From: at(from), To: at(to), Gone: 77, Member: "m3",
		})
	}
}

// second are events of a second manager, which began at once and was closed at 50 s too.
func second(events ...event) event {
	return func(r *record.Record) {
		other := run(events...)
		other.Manager = 2
		r.Others = append(r.Others, other)
	}
}

// revoked is a fault that revokes all leases at an instant.
func revoked(cluster string, when float64) event {
	return all(fault(cluster, "LoseLease", when, when, record.Allowance{}), func(r *record.Record) {
		r.Faults[len(r.Faults)-1].Scope.Revokes = true
	})
}

// connectedTo is a connection of the manager that was open from the start.
func connectedTo(cluster, member string) event {
	return func(r *record.Record) {
		r.Connections = append(r.Connections, record.Connection{Cluster: cluster, Member: member, Closed: -1, Since: -1})
	}
}

func TestAThingHasOneOwner(t *testing.T) {
	check(t, OneOwner{}, []judgement{
		{name: "nobody claims anything", history: run(second()), want: record.NotAsked, evidence: []string{`^no manager claims to own anything$`}},
		{
			name:    "one after the other, at the same instant",
			history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 20), held("alpha", 2, 12, never), second(owns("alpha", 2, 20, never))),
			want:    record.Passed, evidence: []string{`^2 claims, each with its key; the closest ended 0s before its key$`},
		},
		{
			name:    "two at once",
			history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 20), held("alpha", 2, 12, never), connectedTo("alpha", "m2"), second(owns("alpha", 2, 19.5, never))),
			evidence: []string{
				`^alpha: two managers owned lock l for 500ms from 19\.500s on: `,
				`manager 1 claimed lock l from 10\.000s to 20\.000s \(key /locks/l/b, lease 1\), whose key was gone at 20\.000s on alpha/m3; `,
				`manager 2 claimed lock l from 19\.500s to 50\.000s \(key /locks/l/c, lease 2\), whose key stood to the end; `,
				`at 19\.500s alpha/m1 led, no watch was open, manager 1 had connections to alpha/m2; manager 2 had no connection there$`,
			},
		},
		{
			name:     "two of three at once",
			history:  run(held("alpha", 2, 1, never), held("alpha", 3, 1, never), second(owns("alpha", 2, 5, 10)), second(owns("alpha", 3, 8, never))),
			evidence: []string{`for 2s from 8\.000s on`},
		},
		{
			name:    "two things",
			history: run(held("alpha", 1, 10, never), owns("alpha", 1, 10, never), held("alpha", 2, 12, never), second(owns("alpha", 2, 12, never), ofAnother)),
			want:    record.Passed, evidence: []string{`none ended with its key`},
		},
		{
			name:    "two clusters",
			history: run(held("alpha", 1, 10, never), owns("alpha", 1, 10, never), held("beta", 2, 12, never), second(owns("beta", 2, 12, never))),
			want:    record.Passed,
		},
		{
			name:    "one manager, with one lease after another",
			history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 20), held("alpha", 2, 20, never), owns("alpha", 2, 20, never)),
			want:    record.Passed,
		},
		{
			name:    "a claim that says until when ends then, however late that is seen",
			history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 23), until(19.5), held("alpha", 2, 12, never), second(owns("alpha", 2, 20, never))),
			want:    record.Passed, evidence: []string{`the closest ended 500ms before its key`},
		},
	})
}

func TestNobodyOwnsWithoutTheKey(t *testing.T) {
	check(t, OneOwner{}, []judgement{
		{name: "to the very end of the key", history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 20)), want: record.Passed},
		{
			name:    "beyond the key",
			history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 20.001), connectedTo("alpha", "m1"), blackhole("alpha", 15, 25)),
			evidence: []string{
				`^alpha: manager 1 claimed lock l from 10\.000s to 20\.001s \(key /locks/l/b, lease 1\), but its key was gone at 20\.000s, as alpha/m3 showed at revision 77: claimed for 1ms without it; `,
				`at 20\.000s alpha/m1 led, no watch was open, Blackhole\(alpha/m1\) in force, manager 1 had connections to alpha/m1$`,
			},
		},
		{
			name:     "anew when the key is gone",
			history:  run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 20), owns("alpha", 1, 30, 31)),
			evidence: []string{`from 30\.000s to 31\.000s .* claimed for 1s without it`},
		},
		{name: "a key that never stood", history: run(owns("alpha", 1, 10, 20)), evidence: []string{`but its key did not stand`}},
		{name: "too short to know", history: run(owns("alpha", 1, 10, 10.2)), want: record.Passed}, // calm
		{name: "not quite too short", history: run(owns("alpha", 1, 10, 10.201)), evidence: []string{`did not stand`}},
		{name: "before the key is read", history: run(held("alpha", 1, 10.2, 20), owns("alpha", 1, 10, 20)), want: record.Passed},
		{name: "before the key stands", history: run(held("alpha", 1, 10.201, 20), owns("alpha", 1, 10, 20)), evidence: []string{`did not stand`}},
		{name: "the same key under another lease", history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 20), underLease(9)), evidence: []string{`did not stand`}},
		{name: "another key under the same lease", history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 20), underKey("/locks/m")), evidence: []string{`did not stand`}},
		{
			name:    "the closest end is told",
			history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 17), held("alpha", 2, 20, 30), owns("alpha", 2, 20, 29), held("alpha", 3, 30, 40), owns("alpha", 3, 30, 38)),
			want:    record.Passed, evidence: []string{`^3 claims, each with its key; the closest ended 1s before its key$`},
		},
		{name: "the key of another lease", history: run(held("alpha", 2, 10, 20), owns("alpha", 1, 10, 20)), evidence: []string{`did not stand`}},
		{name: "the key in another cluster", history: run(held("beta", 1, 10, 20), owns("alpha", 1, 10, 20)), evidence: []string{`did not stand`}},
		{
			name:    "the key stands twice, and is owned twice",
			history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 20), held("alpha", 1, 30, 40), owns("alpha", 1, 30, 40)), want: record.Passed,
		},
		{
			name:    "the key stands twice, and is owned between",
			history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 22), held("alpha", 1, 30, 40), owns("alpha", 1, 30, 40)), evidence: []string{`for 2s without it`},
		},
		{
			name:     "of several the first, and the longest",
			history:  run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 21), held("beta", 2, 10, 30), owns("beta", 2, 10, 33)),
			evidence: []string{`^alpha: .* for 1s without it; .*; 2 such times in all, the longest 3s at 30\.000s \(beta\)$`},
		},
		{
			name:    "of a second manager",
			history: run(held("alpha", 2, 10, 20), second(owns("alpha", 2, 10, 22))), evidence: []string{`manager 2 claimed .* for 2s without it`},
		},
	})
}

// The leases of these histories are told of within 6.2 s: a refresh, an attach and calm.
func TestALeaseThatWasRevokedMayBeClaimedUntilItsOwnerIsTold(t *testing.T) {
	require.Equal(t, at(6.2), run().Bounds().Told())
	check(t, OneOwner{}, []judgement{
		{name: "in time", history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 26.2), revoked("alpha", 20)), want: record.Passed},
		{name: "the key is read a little later", history: run(held("alpha", 1, 10, 20.2), owns("alpha", 1, 10, 26), revoked("alpha", 20)), want: record.Passed},
		{name: "too late", history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 26.201), revoked("alpha", 20)), evidence: []string{`for 6\.201s without it`}},
		{name: "gone before", history: run(held("alpha", 1, 10, 19.9), owns("alpha", 1, 10, 21), revoked("alpha", 20)), evidence: []string{`without it`}},
		{name: "gone long after", history: run(held("alpha", 1, 10, 20.3), owns("alpha", 1, 10, 21), revoked("alpha", 20)), evidence: []string{`without it`}},
		{name: "by a restore, and read after an election", history: run(held("alpha", 1, 10, 21.1), owns("alpha", 1, 10, 26), revoked("alpha", 20), restored(20, 2, nil)), want: record.Passed},
		{name: "long after a restore", history: run(held("alpha", 1, 10, 21.3), owns("alpha", 1, 10, 22), revoked("alpha", 20), restored(20, 2, nil)), evidence: []string{`without it`}},
		{name: "after a restore at another time", history: run(held("alpha", 1, 10, 20.3), owns("alpha", 1, 10, 21), revoked("alpha", 20), restored(5, 2, nil)), evidence: []string{`without it`}},
		{name: "in another cluster", history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 21), revoked("beta", 20)), evidence: []string{`without it`}},
		{
			name: "while the next one owns it",
			history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 24), revoked("alpha", 20), held("alpha", 2, 20, never),
				second(owns("alpha", 2, 20, never))),
			want: record.Passed,
		},
		{
			name: "but two at once before it was revoked",
			history: run(held("alpha", 1, 10, 20), owns("alpha", 1, 10, 24), revoked("alpha", 20), held("alpha", 2, 15, never),
				second(owns("alpha", 2, 19, never))),
			evidence: []string{`two managers owned lock l for 1s from 19\.000s on`},
		},
	})
}

func TestNobodyOwnsOnWhatIsStale(t *testing.T) {
	stale := all(hang("alpha", 20, 45), seen("alpha", 21, 20, "t", "1")) // allowed until 28 s
	check(t, OneOwner{}, []judgement{
		{
			name:    "claimed while the view is staler than allowed",
			history: run(stale, held("alpha", 1, 10, never), owns("alpha", 1, 10, never)),
			evidence: []string{
				`^alpha: manager 1 claimed lock l from 10\.000s to 50\.000s .*, and acted on a stale view meanwhile: alpha: checkpoint t = 1 .* was not shown`,
				`\(calm since 28\.000s`,
			},
		},
		{name: "given up in time", history: run(stale, held("alpha", 1, 10, never), owns("alpha", 1, 10, 28)), want: record.Passed},
		{name: "given up a moment too late", history: run(stale, held("alpha", 1, 10, never), owns("alpha", 1, 10, 28.001)), evidence: []string{`acted on a stale view`}},
		{name: "only afterwards", history: run(stale, held("alpha", 1, 41, never), owns("alpha", 1, 41, never)), want: record.Passed},
		{name: "in another cluster", history: run(stale, held("beta", 1, 10, never), owns("beta", 1, 10, never)), want: record.Passed},
		{
			name:    "cut off from the cluster, which is no fault of the view",
			history: run(lose("alpha", record.LostReach, 20, 45), seen("alpha", 21, 20, "t", "1"), held("alpha", 1, 10, never), owns("alpha", 1, 10, never)),
			want:    record.Passed,
		},
		{
			name:     "of a second manager",
			history:  run(held("alpha", 2, 10, never), second(stale, owns("alpha", 2, 10, never))),
			evidence: []string{`manager 2 claimed .* acted on a stale view`},
		},
	})
}

func TestEachManagerIsJudgedByItself(t *testing.T) {
	require.Equal(t, []string{"freshness"}, failures(run(second(commit("alpha", 20, "t", "1")))))
	for _, v := range Judge(run(second(commit("alpha", 20, "t", "1")))) {
		if v.Outcome == record.Failed {
			require.Regexp(t, `^manager 2: alpha: checkpoint t = 1`, v.Evidence)
			require.Equal(t, 2, v.Manager)
		}
	}
	// The first manager's failure is the one that is told.
	for _, v := range Judge(run(commit("beta", 20, "t", "1"), second(commit("alpha", 20, "t", "1")))) {
		if v.Outcome == record.Failed {
			require.Regexp(t, `^beta: `, v.Evidence)
			require.Zero(t, v.Manager)
		}
	}
	require.Empty(t, failures(run(second())))
}
