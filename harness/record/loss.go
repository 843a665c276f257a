package record

import (
	"slices"
	"time"
)

// noteLosses records, from the faults in force, which clusters lost or regained their quorum, and which became unreachable or reachable
// for the manager. It must be called at each event that may change that. It need not be called when a manager learns of a newcomer from the
// member list: it can reach the cluster then anyway, through the member that it asked.
func (r *Record) noteLosses(at time.Duration) {
	for _, c := range r.Clusters {
		state := r.condition(c, unhealed, r.unknown(c.Name, at)...)
		r.noteLoss(c.Name, LostQuorum, !state.quorum(), at)
		r.noteLoss(c.Name, LostReach, !state.reach(), at)
		r.noteLoss(c.Name, LostWrites, slices.ContainsFunc(r.Faults, func(f Fault) bool {
			return f.To < 0 && f.Scope.Cluster == c.Name && f.Scope.ReadOnly
		}), at)
	}
}

func (r *Record) noteLoss(cluster string, of Lost, lost bool, at time.Duration) {
	open := slices.IndexFunc(r.Losses, func(l Loss) bool { return l.Cluster == cluster && l.Of == of && l.To < 0 })
	switch {
	case lost && open < 0:
		r.Losses = append(r.Losses, Loss{Cluster: cluster, Of: of, From: at, To: -1})
	case !lost && open >= 0:
		r.Losses[open].To = at
	}
}

// Severed says whether at an instant no member that belonged to a working majority could answer the manager on a connection that was open by then: those
// to some members were half-open, and the others could not be reached, or had nothing to say. A manager cannot know that new connections would work until
// it has given up the old ones.
func (r *Record) Severed(cluster string, at time.Duration) bool {
	c, _ := r.Cluster(cluster)
	c.Members = slices.DeleteFunc(slices.Clone(c.Members), func(m string) bool {
		return slices.ContainsFunc(r.Joined, func(n Newcomer) bool { return n.Cluster == cluster && n.Member == m && n.At > at })
	})
	there := func(f Fault) bool { return f.inForce(at) }
	state := r.condition(c, there, r.unknown(cluster, at)...)
	stranded := false
	for _, f := range r.Faults {
		if there(f) && f.Scope.Cluster == cluster && len(f.Scope.Stranded) > 0 {
			state.mark(state.useless, f.Scope.Stranded)
			stranded = true
		}
	}
	return stranded && !state.reach()
}

// QuorumAfter says whether a cluster would have a quorum, with the faults in force, after members have joined and left it. etcd's raft loop
// waits until a change of the members is applied: a member that applies nothing takes no part in raft from then on.
func (r *Record) QuorumAfter(cluster string, joined, left []string) bool {
	c, ok := r.Cluster(cluster)
	if !ok {
		return false
	}
	c.Members = append(slices.Clone(c.Members), joined...)
	c.Gone = append(slices.Clone(c.Gone), left...)
	state := r.condition(c, unhealed)
	for i, stuck := range state.stuck {
		state.crippled[i] = state.crippled[i] || stuck
	}
	return state.quorum()
}

// condition is the state of a cluster under the faults in force. Members are numbered in the order of the cluster's list.
type condition struct {
	index           map[string]int
	crippled, stuck []bool
	slow            []bool // a linearizable read for which the quorum needs them takes longer than a request may
	useless         []bool // the manager does not know them or cannot reach them, or they send no updates
	cut             [][]bool
}

// mark marks members. A scope may name members that are not in the cluster; they are left out.
func (c condition) mark(marks []bool, members []string) {
	for _, m := range members {
		if i, ok := c.index[m]; ok {
			marks[i] = true
		}
	}
}

// unhealed says whether a fault has not been healed yet.
func unhealed(f Fault) bool { return f.To < 0 }

// condition returns the state of a cluster under those faults that are there. unknown are the members that the manager cannot know.
func (r *Record) condition(c Cluster, there func(Fault) bool, unknown ...string) condition {
	index := map[string]int{}
	for _, m := range c.Members {
		if !slices.Contains(c.Gone, m) {
			index[m] = len(index)
		}
	}
	n := len(index)
	state := condition{index: index, crippled: make([]bool, n), stuck: make([]bool, n), slow: make([]bool, n), useless: make([]bool, n), cut: make([][]bool, n)}
	for i := range state.cut {
		state.cut[i] = make([]bool, n)
	}
	state.mark(state.useless, unknown)
	for _, f := range r.Faults {
		if !there(f) || f.Scope.Cluster != c.Name {
			continue
		}
		state.mark(state.crippled, f.Scope.Crippled)
		state.mark(state.stuck, f.Scope.Stuck)
		if f.Scope.Round > 0 && f.Scope.Round >= r.Timing.RequestTimeout && n > 1 {
			state.mark(state.slow, f.Scope.Members)
		}
		state.mark(state.useless, f.Scope.Unreachable)
		if f.Scope.Closed {
			state.mark(state.useless, c.Members)
		}
		state.mark(state.useless, f.Scope.Uninformed)
		for _, pair := range f.Scope.Cut {
			from, known := index[pair[0]]
			to, both := index[pair[1]]
			if known && both {
				state.cut[from][to] = true
			}
		}
	}
	return state
}

// quorum says whether there is a majority of members that are not crippled and can all reach each other, one of which can answer a write. A
// cluster has few members, so quorum simply tries every subset. A pair that is cut in one direction counts as cut: raft may work in spite of
// it, but a bound must not depend on that.
func (c condition) quorum() bool { return c.anyMajorityWithout(c.stuck) }

// reach says whether the manager can reach a member of such a majority that it knows and that sends updates in time. No member of the majority may be so
// slow that a manager cannot read in time, as it must before it can watch again. reach is true if there is no majority: then the quorum is lost, not the
// reach.
func (c condition) reach() bool {
	return !c.quorum() || c.anyMajority(func(set int) bool {
		useful := false
		for i := range c.useless {
			if set&(1<<i) == 0 {
				continue
			}
			if c.slow[i] {
				return false
			}
			useful = useful || !c.useless[i]
		}
		return useful
	})
}

// anyMajorityWithout says whether there is a working majority with a member that is not marked.
func (c condition) anyMajorityWithout(marks []bool) bool {
	return c.anyMajority(func(set int) bool {
		for i, marked := range marks {
			if set&(1<<i) != 0 && !marked {
				return true
			}
		}
		return false
	})
}

// anyMajority says whether there is a working majority for which is returns true. set has a bit for each member.
func (c condition) anyMajority(is func(set int) bool) bool {
	n := len(c.crippled)
	for set := range 1 << n {
		if c.working(set) > n/2 && is(set) {
			return true
		}
	}
	return false
}

// working counts the members of a set. It returns -1 if one of them is crippled or cut off from another.
func (c condition) working(set int) int {
	size := 0
	for i := range c.crippled {
		if set&(1<<i) == 0 {
			continue
		}
		if c.crippled[i] {
			return -1
		}
		for j := range c.crippled {
			if set&(1<<j) != 0 && (c.cut[i][j] || c.cut[j][i]) {
				return -1
			}
		}
		size++
	}
	return size
}
