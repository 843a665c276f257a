package record

import "testing"

func TestQuorumIsAMajorityThatIsWholeAndTalks(t *testing.T) {
	const ongoing = -1
	cut := func(pairs ...[2]string) Fault {
		return Fault{Scope: Scope{Cluster: "alpha", Cut: pairs}, To: ongoing}
	}
	cripple := func(members ...string) Fault {
		return Fault{Scope: Scope{Cluster: "alpha", Crippled: members}, To: ongoing}
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
			if got := r.quorum(Cluster{Name: "alpha", Members: test.members}); got != test.want {
				t.Errorf("quorum is %v, want %v", got, test.want)
			}
		})
	}
}
