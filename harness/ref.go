package harness

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Ref names a member: by its name in its cluster ("alpha/m1"), or by its role at the moment at which somebody asks ("alpha/leader").
type Ref struct{ Cluster, Member string }

// The roles. They are no names of members.
const (
	// RoleLeader is the member that a majority follows.
	RoleLeader = "leader"
	// RoleFollower is the first running member, in order, that does not lead.
	RoleFollower = "follower"
	// RoleWatched is the first member, in order, that one of the manager's watches is on; for a manager that polls, that it has a
	// connection to.
	RoleWatched = "watched"
)

// Roles are all of them.
func Roles() []string { return []string{RoleLeader, RoleFollower, RoleWatched} }

var memberName = regexp.MustCompile(`^m[1-9][0-9]*$`)

// ParseRef reads what String prints.
func ParseRef(text string) (Ref, error) {
	cluster, member, found := strings.Cut(text, "/")
	switch {
	case !found || !clusterName.MatchString(cluster):
		return Ref{}, fmt.Errorf("member %q: want a cluster and a member in it, such as alpha/m1 or alpha/%s", text, RoleLeader)
	case !memberName.MatchString(member) && !slices.Contains(Roles(), member):
		return Ref{}, fmt.Errorf("member %q: %q is neither a member's name, such as m1, nor one of the roles %s", text, member, strings.Join(Roles(), ", "))
	}
	return Ref{cluster, member}, nil
}

func (r Ref) String() string { return r.Cluster + "/" + r.Member }

// Ref is the reference itself, so that both it and a [Member] can say which member is meant.
func (r Ref) Ref() Ref { return r }

// Referrer says which member is meant.
type Referrer interface{ Ref() Ref }

// Resolve finds the member that a reference means now. A leader is waited for, for as long as an election may take.
func (w *World) Resolve(r Ref) (*Member, error) {
	c, err := w.Find(r.Cluster)
	if err != nil {
		return nil, err
	}
	switch r.Member {
	case RoleLeader:
		return c.awaitLeader()
	case RoleFollower:
		leader, err := c.awaitLeader()
		if err != nil {
			return nil, err
		}
		for _, m := range c.Members() {
			if m != leader && m.Status().Up {
				return m, nil
			}
		}
		return nil, fmt.Errorf("cluster %s has no follower that runs", c)
	case RoleWatched:
		if on := c.AttachedMembers(); len(on) > 0 {
			return on[0], nil
		}
		return nil, fmt.Errorf("cluster %s: the manager has neither a watch nor a connection there now", c)
	}
	for _, m := range c.Members() {
		if m.name == r.Member {
			return m, nil
		}
	}
	return nil, fmt.Errorf("cluster %s has no member %q, only %v", c, r.Member, c.Members())
}
