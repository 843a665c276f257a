package record

import (
	"slices"
	"time"
)

// noteQuorum looks at the faults in force and notes where a cluster lost or regained its quorum.
func (r *Record) noteQuorum(at time.Duration) {
	for _, c := range r.Clusters {
		lost := !r.quorum(c)
		open := -1
		for i := range r.Quorum {
			if r.Quorum[i].Cluster == c.Name && r.Quorum[i].To < 0 {
				open = i
			}
		}
		switch {
		case lost && open < 0:
			r.Quorum = append(r.Quorum, QuorumLoss{Cluster: c.Name, From: at, To: -1})
		case !lost && open >= 0:
			r.Quorum[open].To = at
		}
	}
}

// quorum says whether the faults in force leave a majority of a cluster that is whole and can talk to each other. A
// cluster has at most a handful of members, so it simply looks at every majority. A pair that is cut in one direction
// counts as cut: raft may or may not get by with it, and a bound must not depend on that.
func (r *Record) quorum(c Cluster) bool {
	index := map[string]int{}
	for _, m := range c.Members {
		if !slices.Contains(c.Gone, m) {
			index[m] = len(index)
		}
	}
	n := len(index)
	bad := make([]bool, n)
	cut := make([][]bool, n)
	for i := range cut {
		cut[i] = make([]bool, n)
	}
	for _, f := range r.Faults {
		if f.To >= 0 || f.Scope.Cluster != c.Name {
			continue
		}
		// A scope may name members that are no part of the cluster; nobody else is hurt in their place.
		for _, m := range f.Scope.Crippled {
			if i, ok := index[m]; ok {
				bad[i] = true
			}
		}
		for _, pair := range f.Scope.Cut {
			from, known := index[pair[0]]
			to, both := index[pair[1]]
			if known && both {
				cut[from][to] = true
			}
		}
	}
	for set := range 1 << n {
		if whole(set, bad, cut) > n/2 {
			return true
		}
	}
	return false
}

// whole counts the members of a set, or says -1 if one of them is bad or cut off from another.
func whole(set int, bad []bool, cut [][]bool) int {
	size := 0
	for i := range bad {
		if set&(1<<i) == 0 {
			continue
		}
		if bad[i] {
			return -1
		}
		for j := range bad {
			if set&(1<<j) != 0 && (cut[i][j] || cut[j][i]) {
				return -1
			}
		}
		size++
	}
	return size
}
