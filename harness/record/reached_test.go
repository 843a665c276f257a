package record

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/bound"
)

// aHang is a run in which the disk of the watched leader hung. The watch moved on to the new leader.
func aHang() *Record {
	const s = time.Second
	b := Subject{Kind: "backend", Name: "b"}
	m1 := []string{"m1"}
	return &Record{
		Timing: bound.Production(), ManagerClose: -1, ManagerClosed: -1, End: 60 * s,
		Clusters: []Cluster{{Name: "alpha", Members: []string{"m1", "m2", "m3"}}},
		Kinds:    []Kind{{Name: "backend"}},
		Tenures:  []Tenure{{Cluster: "alpha", From: 0, To: -1}},
		Leaders:  []Leader{{0, "alpha", "m1", 2}, {12 * s, "alpha", "", 0}, {13 * s, "alpha", "m2", 3}},
		Faults: []Fault{{
			Text: "HangDisk(alpha/m1)", Scope: Scope{Cluster: "alpha", Members: m1, Crippled: m1, Lagging: m1},
			Allowance: Allowance{Name: "hung leader", Recovery: 13 * s}, From: 10 * s, To: 40 * s,
		}},
		Commits: []Commit{
			{Begun: s, At: s, Cluster: "alpha", Subject: b, Value: "1", Revision: 2},
			{Begun: 14 * s, At: 14 * s, Cluster: "alpha", Subject: b, Value: "2", Revision: 3},
		},
		Views: []View{
			{At: s, Cluster: "alpha", Revision: 2, Changes: []Change{{b, "1"}}},
			{At: 18 * s, Cluster: "alpha", Revision: 3, Changes: []Change{{b, "2"}}},
		},
		Watches: []Watch{
			{ID: 1, Cluster: "alpha", Member: "m1", Key: "/b", Opened: s, Closed: 17 * s},
			{ID: 2, Cluster: "alpha", Member: "m2", Key: "/b", Opened: 18 * s, Closed: -1},
		},
		Healths: []Health{{s, "alpha", ClaimsUpToDate}, {16 * s, "alpha", ClaimsOutOfDate}, {18 * s, "alpha", ClaimsUpToDate}},
		Errors:  []ViewError{{At: 17 * s, Cluster: "alpha", Text: "watch is stale"}},
	}
}

func TestARunReachedWhatHeldAtItsInstants(t *testing.T) {
	reached := aHang().Reached()
	for _, situation := range []string{
		"HangDisk on the watched leader",
		"hung on the watched leader, the first watched led",
		"HangDisk, fresh",
		"HangDisk, stale",
		"hung, stale under 25%",
		"fresh, claims up to date, nobody led",
		"stale under 50%, claims out of date, another led",
		"stale under 25%, claims up to date, another led",
		"watch on a follower, another led",
		"watch nowhere, another led",
		"watch on the leader, another led",
		"error stale during hung",
		"re-attached to the leader, left because hung",
		"re-attached to the leader, calm there",
	} {
		require.Contains(t, reached, situation)
	}
	require.NotContains(t, reached, "HangDisk, stale over")
	require.True(t, slices.IsSorted(reached))
}

func TestSituationsHaveNoNamesAndNoInstants(t *testing.T) {
	before := aHang()
	after := aHang()
	after.Clusters[0] = Cluster{Name: "gamma", Members: []string{"m7", "m8", "m9"}}
	renamed := map[string]string{"m1": "m8", "m2": "m7", "": ""}
	after.Tenures[0].Cluster = "gamma"
	for i := range after.Leaders {
		after.Leaders[i].Cluster, after.Leaders[i].Member = "gamma", renamed[after.Leaders[i].Member]
	}
	for i := range after.Watches {
		after.Watches[i].Cluster, after.Watches[i].Member = "gamma", renamed[after.Watches[i].Member]
	}
	m8 := []string{"m8"}
	after.Faults[0].Text, after.Faults[0].Scope = "HangDisk(gamma/m8)", Scope{Cluster: "gamma", Members: m8, Crippled: m8, Lagging: m8}
	for i := range after.Commits {
		after.Commits[i].Cluster = "gamma"
	}
	for i := range after.Views {
		after.Views[i].Cluster = "gamma"
	}
	for i := range after.Healths {
		after.Healths[i].Cluster = "gamma"
	}
	after.Errors[0].Cluster = "gamma"
	require.Equal(t, before.Reached(), after.Reached())
}

func TestWhatEndedBeforeATenureIsNotReachedInIt(t *testing.T) {
	r := aHang()
	r.Tenures[0].From = 50 * time.Second
	for _, situation := range r.Reached() {
		require.NotContains(t, situation, "HangDisk")
	}
}

func TestAnOverlapOfFaultsIsASituationOfItsOwn(t *testing.T) {
	r := aHang()
	m3 := []string{"m3"}
	r.Faults = append(r.Faults, Fault{
		Text: "Blackhole(alpha/m3)", Scope: Scope{Cluster: "alpha", Members: m3, Unreachable: m3}, From: 20 * time.Second, To: 30 * time.Second,
	})
	r.Losses = []Loss{{Cluster: "alpha", Of: LostReach, From: 25 * time.Second, To: 26 * time.Second}}
	reached := r.Reached()
	require.Contains(t, reached, "hung + unreachable, fresh")
	require.Contains(t, reached, "unreachable on others, another led")
	require.Contains(t, reached, "reach lost, fresh, claims up to date")
}

func TestACompactionWhileNoWatchIsOpenIsASituation(t *testing.T) {
	r := aHang()
	at := 17500 * time.Millisecond
	r.Faults = append(r.Faults, Fault{Text: "Compact(alpha)", Scope: Scope{Cluster: "alpha"}, From: at, To: at})
	require.Contains(t, r.Reached(), "Compact, watch nowhere, stale under 25%")
}

func TestErrorsAreSortedByWhatTheySay(t *testing.T) {
	for text, want := range map[string]string{
		"mvcc: required revision has been compacted": "compacted",
		"context deadline exceeded":                  "deadline",
		"connection refused":                         "unavailable",
		"etcdserver: no leader":                      "no leader",
		"etcdserver: invalid auth token":             "auth",
		"something else":                             "other",
	} {
		require.Equal(t, want, errorKind(ViewError{Text: text}))
	}
	require.Equal(t, "idle", errorKind(ViewError{Text: "deadline", Idle: time.Second}))
}
