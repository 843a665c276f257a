package record

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuorumIsAMajorityThatIsWholeAndTalks(t *testing.T) {
	const ongoing = -1
	cut := func(pairs ...[2]string) Fault {
		return Fault{Scope: Scope{Cluster: "alpha", Cut: pairs}, To: ongoing}
	}
	cripple := func(members ...string) Fault {
		return Fault{Scope: Scope{Cluster: "alpha", Crippled: members}, To: ongoing}
	}
	stuck := func(members ...string) Fault {
		return Fault{Scope: Scope{Cluster: "alpha", Stuck: members}, To: ongoing}
	}
	elsewhere := cripple("m1", "m2", "m3")
	elsewhere.Scope.Cluster = "beta"
	healed := cripple("m1", "m2", "m3")
	healed.To = s
	for _, test := range []struct {
		name    string
		members []string
		faults  []Fault
		want    bool
	}{
		{"all well", []string{"m1", "m2", "m3"}, nil, true},
		{"one of three", []string{"m1", "m2", "m3"}, []Fault{cripple("m1")}, true},
		{"two of three", []string{"m1", "m2", "m3"}, []Fault{cripple("m1"), cripple("m3")}, false},
		{"two of four are no majority", []string{"m1", "m2", "m3", "m4"}, []Fault{cripple("m1", "m2")}, false},
		{"two of five", []string{"m1", "m2", "m3", "m4", "m5"}, []Fault{cripple("m1", "m2")}, true},
		{"one alone", []string{"m1"}, nil, true},
		{"one alone, crippled", []string{"m1"}, []Fault{cripple("m1")}, false},
		{"one pair cut", []string{"m1", "m2", "m3"}, []Fault{cut([2]string{"m1", "m2"})}, true},
		{
			"a pair cut one way, its common friend crippled",
			[]string{"m1", "m2", "m3"},
			[]Fault{cut([2]string{"m2", "m1"}), cripple("m3")},
			false,
		},
		{
			"all pairs cut",
			[]string{"m1", "m2", "m3"},
			[]Fault{cut([2]string{"m1", "m2"}, [2]string{"m2", "m3"}, [2]string{"m3", "m1"})},
			false,
		},
		{
			"a ring of five has no three that all talk",
			[]string{"m1", "m2", "m3", "m4", "m5"},
			[]Fault{cut([2]string{"m1", "m3"}, [2]string{"m2", "m4"}, [2]string{"m3", "m5"}, [2]string{"m4", "m1"}, [2]string{"m5", "m2"})},
			false,
		},
		{"none that applies what it commits", []string{"m1", "m2", "m3"}, []Fault{stuck("m1", "m2", "m3")}, false},
		{"one that applies is enough", []string{"m1", "m2", "m3"}, []Fault{stuck("m1", "m2")}, true},
		{"the one that applies is crippled", []string{"m1", "m2", "m3"}, []Fault{stuck("m1", "m2"), cripple("m3")}, false},
		{"another cluster's", []string{"m1", "m2", "m3"}, []Fault{elsewhere}, true},
		{"healed", []string{"m1", "m2", "m3"}, []Fault{healed}, true},
		{
			"a fault on a member that the cluster does not have",
			[]string{"m1", "m2", "m3"},
			[]Fault{cripple("m4"), cut([2]string{"m4", "m2"}), cripple("m3")},
			true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &Record{Faults: test.faults}
			require.Equal(t, test.want, r.condition(Cluster{Name: "alpha", Members: test.members}, unhealed).quorum())
		})
	}
}

func TestAMemberThatIsGoneIsNoPartOfTheCluster(t *testing.T) {
	cluster := Cluster{Name: "alpha", Members: []string{"m1", "m2", "m3", "m4"}, Gone: []string{"m2"}}
	crippled := func(members ...string) *Record {
		return &Record{Faults: []Fault{{Scope: Scope{Cluster: "alpha", Crippled: members}, To: -1}}}
	}
	require.True(t, crippled("m4").condition(cluster, unhealed).quorum(), "two of three")
	require.True(t, crippled("m2", "m4").condition(cluster, unhealed).quorum(), "the one that is gone is not needed")
	require.False(t, crippled("m3", "m4").condition(cluster, unhealed).quorum(), "one of three")
}

func TestReachIsAWayToAMajorityThatWorks(t *testing.T) {
	three := []string{"m1", "m2", "m3"}
	fault := func(s Scope) Fault {
		s.Cluster = "alpha"
		return Fault{Scope: s, To: -1}
	}
	unreachable := func(members ...string) Fault { return fault(Scope{Unreachable: members}) }
	crippled := func(members ...string) Fault { return fault(Scope{Crippled: members}) }
	for _, test := range []struct {
		name   string
		faults []Fault
		want   bool
	}{
		{"all well", nil, true},
		{"two of three out of reach", []Fault{unreachable("m1", "m2")}, true},
		{"all out of reach", []Fault{unreachable(three...)}, false},
		{"the only one in reach has no news", []Fault{unreachable("m1", "m2"), fault(Scope{Uninformed: []string{"m3"}})}, false},
		{"none has news", []Fault{fault(Scope{Uninformed: three})}, false},
		{"one has news and is in reach", []Fault{unreachable("m1"), fault(Scope{Uninformed: []string{"m2"}})}, true},
		{"all out of reach, one after the other", []Fault{unreachable("m3"), unreachable("m1"), unreachable("m2")}, false},
		{"the only one in reach is crippled", []Fault{unreachable("m1", "m2"), crippled("m3")}, false},
		{"the only one in reach is cut off from the others", []Fault{unreachable("m1", "m2"), fault(Scope{Cut: [][2]string{{"m1", "m3"}, {"m3", "m2"}}})}, false},
		{"it is cut off from one of them", []Fault{unreachable("m1", "m2"), fault(Scope{Cut: [][2]string{{"m1", "m3"}}})}, true},
		{"the crippled one is out of reach", []Fault{unreachable("m3"), crippled("m3")}, true},
		{"reads wait for one that the majority needs", []Fault{crippled("m1"), fault(Scope{Members: []string{"m2"}, Round: 60 * s})}, false},
		{"reads do not wait for one that it does not need", []Fault{fault(Scope{Members: []string{"m2"}, Round: 60 * s})}, true},
		{"there is no quorum to reach", []Fault{unreachable(three...), crippled("m1", "m2")}, true},
		{"another cluster's are out of reach", []Fault{{Scope: Scope{Cluster: "beta", Unreachable: three}, To: -1}}, true},
		{"healed", []Fault{{Scope: Scope{Cluster: "alpha", Unreachable: three}, To: s}}, true},
		{"members that the cluster has not got", []Fault{unreachable("m1", "m2", "m4")}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &Record{Faults: test.faults}
			require.Equal(t, test.want, r.condition(Cluster{Name: "alpha", Members: three}, unhealed).reach())
		})
	}
}

// A member that applies nothing is lost with the next change of the members.
func TestAChangeOfMembersCostsThoseThatApplyNothing(t *testing.T) {
	r := &Record{
		Clusters: []Cluster{{Name: "alpha", Members: []string{"m1", "m2", "m3", "m4"}, Gone: []string{"m1"}}},
		Faults:   []Fault{{Scope: Scope{Cluster: "alpha", Stuck: []string{"m3"}}, To: -1}},
	}
	left := func(m string) []string { return []string{m} }
	require.False(t, r.QuorumAfter("alpha", nil, left("m2")), "m4 alone of two")
	require.True(t, r.QuorumAfter("alpha", nil, left("m3")))
	require.True(t, r.QuorumAfter("alpha", []string{"m5"}, nil), "three of four")
	require.True(t, r.QuorumAfter("alpha", []string{"m5"}, left("m2")), "two of three")
	require.Equal(t, []string{"m1"}, r.Clusters[0].Gone)
	require.False(t, r.QuorumAfter("beta", nil, nil))
}
