package harness

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Ref names a member: by its name in its cluster ("alpha/m1"), or by its role ("alpha/leader"), which [World.Resolve] looks up when it is called.
type Ref struct{ Cluster, Member string }

// The roles. No member has such a name.
const (
	// RoleLeader is the member that a majority follows.
	RoleLeader = "leader"
	// RoleFollower is the first running member, in order, that does not lead.
	RoleFollower = "follower"
	// RoleWatched is the first member, in order, that serves one of the manager's watches. For a manager that polls, it is the first to which
	// the manager has a connection.
	RoleWatched = "watched"
)

// Roles are all roles.
func Roles() []string { return []string{RoleLeader, RoleFollower, RoleWatched} }

var memberName = regexp.MustCompile(`^m[1-9][0-9]*$`)

// ParseRef reads what Ref.String prints. The error says what is wanted.
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

// Ref returns the reference itself, so that a Ref is a [Referrer] as a [Member] is.
func (r Ref) Ref() Ref { return r }

// Referrer names a member. It is a [Ref] or a [Member].
type Referrer interface{ Ref() Ref }

// Resolve finds the member that a reference means now. For the leader or a follower it blocks until there is a leader, for as long as an election
// may take. The error says what is missing.
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
