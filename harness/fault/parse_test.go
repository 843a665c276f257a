package fault

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

// member is the member of alpha with a name or role.
func member(name string) harness.Ref { return harness.Ref{Cluster: "alpha", Member: name} }

// each has one fault of every kind, by its expression.
func each() map[string]Fault {
	leader, m2 := member(harness.RoleLeader), member("m2")
	group := []harness.Referrer{member("m1"), member(harness.RoleFollower)}
	return map[string]Fault{
		"AddMember(alpha)":                                           {addMember, arguments{cluster: "alpha"}},
		"Alarm(alpha)":                                               {alarm, arguments{cluster: "alpha"}},
		"Backup(alpha)":                                              {backup, arguments{cluster: "alpha"}},
		"Restore(alpha)":                                             {restore, arguments{cluster: "alpha"}},
		"Compact(alpha)":                                             {compact, arguments{cluster: "alpha"}},
		"Defragment(alpha/m2, 5s)":                                   Defragment(m2, 5*time.Second),
		"LoseQuorum(alpha)":                                          {loseQuorum, arguments{cluster: "alpha"}},
		"RollingRestart(alpha)":                                      {rollingRestart, arguments{cluster: "alpha"}},
		"Blackhole(alpha/leader)":                                    Blackhole(leader),
		"DelayClients(alpha/m2, 250ms)":                              DelayClients(m2, 250*time.Millisecond),
		"DelayWatch(alpha/m2, 1.5s)":                                 DelayWatch(m2, 1500*time.Millisecond),
		"DropAnswer(alpha/m2, Txn)":                                  DropAnswer(m2, "Txn"),
		"DropKeepAlives(alpha/m2)":                                   DropKeepAlives(m2),
		"DropProgress(alpha/watched)":                                DropProgress(member(harness.RoleWatched)),
		"DropProgressRequests(alpha/m2)":                             DropProgressRequests(m2),
		"DropWatchCreate(alpha/watched)":                             DropWatchCreate(member(harness.RoleWatched)),
		"FailDisk(alpha/leader)":                                     FailDisk(leader),
		"FailRequest(alpha/leader, Range)":                           FailRequest(leader, "Range"),
		"Freeze(alpha/leader)":                                       Freeze(leader),
		"HalfOpen(alpha/watched)":                                    HalfOpen(member(harness.RoleWatched)),
		"HangApply(alpha/m2)":                                        HangApply(m2),
		"HangDisk(alpha/leader)":                                     HangDisk(leader),
		"Isolate(alpha/follower)":                                    Isolate(member(harness.RoleFollower)),
		"Kill(alpha/m2)":                                             Kill(m2),
		"LoseLease(alpha)":                                           {loseLease, arguments{cluster: "alpha"}},
		"MisadvertiseMember(alpha/m2)":                               MisadvertiseMember(m2),
		"WipeAndRejoin(alpha/leader)":                                WipeAndRejoin(leader),
		"MoveLeader(alpha/m2)":                                       MoveLeader(m2),
		"Refuse(alpha/m2)":                                           Refuse(m2),
		"RemoveMember(alpha/m2)":                                     RemoveMember(m2),
		"Reset(alpha/m2)":                                            Reset(m2),
		"Restart(alpha/m2)":                                          Restart(m2),
		"SlowApply(alpha/m2, 1ms)":                                   SlowApply(m2, time.Millisecond),
		"SlowDisk(alpha/leader, 1h0m0s)":                             SlowDisk(leader, time.Hour),
		"SlowLink(alpha/m2, 20ms, 5ms)":                              SlowLink(m2, 20*time.Millisecond, 5*time.Millisecond),
		"SlowLink(alpha/leader, 1s, 0s)":                             SlowLink(leader, time.Second, 0),
		"WithholdEvents(alpha/m2)":                                   WithholdEvents(m2),
		"Partition([alpha/leader], [alpha/m1 alpha/follower])":       Partition([]harness.Referrer{leader}, group),
		"PartitionOneWay([alpha/m1 alpha/follower], [alpha/leader])": PartitionOneWay(group, []harness.Referrer{leader}),
	}
}

func TestEveryFaultIsReadBackFromWhatItPrints(t *testing.T) {
	names := map[string]bool{}
	for text, f := range each() {
		require.Equal(t, text, f.String())
		read, err := Parse(text)
		require.NoError(t, err)
		require.Equal(t, f, read)
		names[f.Name()] = true
	}
	for _, d := range All() {
		require.True(t, names[d.Name], "no fault of the kind %s is tested", d.Name)
	}
}

func TestFaultsOfAnyArgumentsAreReadBack(t *testing.T) {
	const seed, runs = 1, 5000
	draw := rand.New(rand.NewPCG(seed, 0))
	cluster := func() string { return []string{"alpha", "b", "west-2", "c3-"}[draw.IntN(4)] }
	ref := func() harness.Ref {
		name := append(harness.Roles(), "m1", "m9", "m10", "m123")[draw.IntN(len(harness.Roles())+4)]
		return harness.Ref{Cluster: cluster(), Member: name}
	}
	group := func() []harness.Ref {
		refs := make([]harness.Ref, 1+draw.IntN(4))
		for i := range refs {
			refs[i] = ref()
		}
		return refs
	}
	for range runs {
		k := kinds()[draw.IntN(len(kinds()))]
		var a arguments
		for _, p := range k.takes {
			switch p := p.(type) {
			case memberParameter:
				a.member = ref()
			case clusterParameter:
				a.cluster = cluster()
			case delayParameter:
				a.delay = time.Duration(1 + draw.Int64N(1<<draw.IntN(62)))
			case jitterParameter:
				a.jitter = time.Duration(draw.Int64N(1 << draw.IntN(62)))
			case methodParameter:
				a.method = point.Methods()[draw.IntN(len(point.Methods()))]
			case groupParameter:
				*p.of(&a) = group()
			default:
				require.FailNow(t, "this test knows no such parameter", "%T", p)
			}
		}
		f := Fault{k, a}
		read, err := Parse(f.String())
		require.NoError(t, err)
		require.Equal(t, f, read)
	}
}

func TestSpacesDoNotMatter(t *testing.T) {
	for text, want := range map[string]string{
		"  HangDisk ( alpha/m1 )  ":                      "HangDisk(alpha/m1)",
		"SlowDisk(alpha/m1,250ms)":                       "SlowDisk(alpha/m1, 250ms)",
		"Partition( [ alpha/m1   alpha/m2 ],[alpha/m3])": "Partition([alpha/m1 alpha/m2], [alpha/m3])",
		"SlowDisk(alpha/m1, 0.25s)":                      "SlowDisk(alpha/m1, 250ms)",
	} {
		f, err := Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, f.String())
	}
}

func TestParseSaysWhatWasWrongAndWhatWouldBeRight(t *testing.T) {
	for text, want := range map[string]string{
		"":                                            `no fault is called ""; the nearest: Kill, Alarm, Reset`,
		"HangDsk(alpha/m1)":                           `no fault is called "HangDsk"; the nearest: HangDisk, FailDisk, HangApply`,
		"hangdisk(alpha/m1)":                          `no fault is called "hangdisk"; the nearest: HangDisk, `,
		"HangDisk":                                    `fault "HangDisk": want HangDisk(a member, such as alpha/m1 or alpha/leader)`,
		"HangDisk alpha/m1":                           `no fault is called "HangDisk alpha/m1"; the nearest: HangDisk, `,
		"HangDisk(alpha/m1":                           `fault "HangDisk(alpha/m1": want HangDisk(a member`,
		"HangDisk(alpha/m1) ;":                        `fault "HangDisk(alpha/m1) ;": want HangDisk(a member`,
		"HangDisk()":                                  `fault "HangDisk()" has 0 arguments: want HangDisk(a member`,
		"HangDisk(alpha/m1, 250ms)":                   `fault "HangDisk(alpha/m1, 250ms)" has 2 arguments: want HangDisk(a member`,
		"SlowDisk(alpha/m1)":                          `fault "SlowDisk(alpha/m1)" has 1 argument: want SlowDisk(a member, such as alpha/m1 or alpha/leader, a delay, such as 250ms)`,
		"HangDisk(alpha)":                             `fault "HangDisk(alpha)": member "alpha": want a cluster and a member in it, such as alpha/m1 or alpha/leader`,
		"HangDisk(alpha/boss)":                        `fault "HangDisk(alpha/boss)": member "alpha/boss": "boss" is neither a member's name, such as m1, nor one of the roles leader, follower, watched`,
		"HangDisk(alpha/m0)":                          `"m0" is neither a member's name`,
		"HangDisk(Alpha/m1)":                          `want a cluster and a member in it`,
		"HangDisk(alpha/m1))":                         `"m1)" is neither a member's name`,
		"SlowDisk(alpha/m1, 250)":                     `fault "SlowDisk(alpha/m1, 250)": "250" is no delay: want a time above zero, such as 250ms`,
		"SlowDisk(alpha/m1, -1s)":                     `"-1s" is no delay`,
		"SlowDisk(alpha/m1, 0s)":                      `"0s" is no delay`,
		"DropAnswer(alpha/m1, Txm)":                   `fault "DropAnswer(alpha/m1, Txm)": no method is called "Txm"; the nearest: Txn, `,
		"SlowLink(alpha/m1, 1s)":                      `has 2 arguments: want SlowLink(a member, such as alpha/m1 or alpha/leader, a delay, such as 250ms, a jitter`,
		"SlowLink(alpha/m1, 1s, -1s)":                 `"-1s" is no jitter`,
		"AddMember(alpha/m1)":                         `fault "AddMember(alpha/m1)": "alpha/m1" is no cluster's name; want a cluster, such as alpha`,
		"Partition([alpha/m1])":                       `has 1 argument: want Partition(a group of members, such as [alpha/m1 alpha/m2], a group of members`,
		"Partition(alpha/m1, [alpha/m2])":             `"alpha/m1" is no group: want members in brackets; want a group of members, such as [alpha/m1 alpha/m2]`,
		"Partition([alpha/m1, [alpha/m2])":            `"[alpha/m1" is no group`,
		"Partition([alpha/m1, alpha/m2], [alpha/m3])": `has 3 arguments: want Partition(a group of members, such as [alpha/m1 alpha/m2],`,
		"Partition([], [alpha/m2])":                   `a group is empty; want a group of members`,
		"Partition([m1], [alpha/m2])":                 `member "m1": want a cluster and a member in it`,
		"Partition([alpha/m1], [alpha/m2 x])":         `member "x": want a cluster`,
	} {
		f, err := Parse(text)
		require.ErrorContains(t, err, want, "%q", text)
		require.Equal(t, Fault{}, f, "%q", text)
	}
}

func TestFaultsConcernTheClustersOfTheirArguments(t *testing.T) {
	for text, want := range map[string][]string{
		"HangDisk(beta/leader)":                      {"beta"},
		"AddMember(beta)":                            {"beta"},
		"SlowDisk(beta/m1, 1s)":                      {"beta"},
		"Partition([alpha/m1 alpha/m2], [alpha/m3])": {"alpha", "alpha", "alpha"},
		"PartitionOneWay([alpha/m1], [beta/m2])":     {"alpha", "beta"},
	} {
		f, err := Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, f.Clusters(), text)
	}
}

func TestAllDescribesEveryFaultByName(t *testing.T) {
	all := All()
	require.Len(t, all, len(kinds()))
	require.True(t, slices.IsSortedFunc(all, func(a, b Description) int { return strings.Compare(a.Name, b.Name) }))
	for _, d := range all {
		require.NotEmpty(t, d.About, d.Name)
		require.Contains(t, d.Usage, d.Name+"(")
	}
	i := slices.IndexFunc(all, func(d Description) bool { return d.Name == "SlowDisk" })
	require.Equal(t, "SlowDisk(a member, such as alpha/m1 or alpha/leader, a delay, such as 250ms)", all[i].Usage)
}

func FuzzWhatIsReadIsReadBack(f *testing.F) {
	for text := range each() {
		f.Add(text)
	}
	f.Add("HangDisk(")
	f.Add("SlowDisk(a/m1, 1e3s)")
	f.Fuzz(func(t *testing.T, text string) {
		read, err := Parse(text)
		if err != nil {
			require.Equal(t, Fault{}, read)
			return
		}
		again, err := Parse(read.String())
		require.NoError(t, err)
		require.Equal(t, read, again)
	})
}
