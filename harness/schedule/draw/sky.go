package draw

import (
	"slices"
	"strconv"
	"strings"
)

// sky is the state of one cluster.
type sky struct {
	// size is the number of members now, founded that at the start.
	size, founded int
	// left are the members that were removed by name. strangers says that a member was removed by its role, so that nobody knows which.
	left      []string
	strangers bool
	backup    bool
	// active are the faults in force, by their steps.
	active map[int]effect
}

// effect is what a fault does to its cluster while it lasts. Members are known by their names, or counted if the fault names a role.
type effect struct {
	kind     kind
	crippled []string
	role     bool // one more member, which nobody knows beforehand
	none     bool // the quorum is lost
}

// effects are the faults in force. Their order says nothing.
func (c *sky) effects() []effect {
	var all []effect
	for _, e := range c.active {
		all = append(all, e)
	}
	return all
}

// quorum says whether the cluster is certain to have a quorum.
func (c *sky) quorum() bool {
	lost := map[string]bool{}
	roles := 0
	for _, e := range c.active {
		if e.none {
			return false
		}
		for _, m := range e.crippled {
			lost[m] = true
		}
		if e.role {
			roles++
		}
	}
	return c.size-len(lost)-roles > c.size/2
}

// writes says whether the cluster is certain to take writes.
func (c *sky) writes() bool {
	return c.quorum() && !slices.ContainsFunc(c.effects(), func(e effect) bool { return e.kind.name == "Alarm" })
}

// undisturbed says whether all members work together.
func (c *sky) undisturbed() bool {
	return !slices.ContainsFunc(c.effects(), func(e effect) bool {
		return e.kind.has(crippling) || e.none || strings.HasPrefix(e.kind.name, "Slow")
	})
}

// halted are the members that do not run; an empty name stands for one that nobody knows beforehand.
func (c *sky) halted() []string {
	var names []string
	for _, e := range c.active {
		switch {
		case !e.kind.has(halting):
		case len(e.crippled) > 0:
			names = append(names, e.crippled...)
		default:
			names = append(names, "")
		}
	}
	return names
}

// reached says whether the manager is likely to be attached to a member.
func (c *sky) reached() bool {
	cut := map[string]bool{}
	roles := 0
	for step, e := range c.active {
		switch {
		case e.none:
			return false
		case !e.kind.has(cutting):
		case e.role:
			roles++
		case len(e.crippled) > 0:
			for _, m := range e.crippled {
				cut[m] = true
			}
		default:
			cut[strconv.Itoa(step)] = true // on a member that this does not look up: at worst a member is counted twice
		}
	}
	return len(cut)+roles < c.size && c.quorum()
}
