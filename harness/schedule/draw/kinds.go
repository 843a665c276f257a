package draw

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// kind is what drawing knows of a kind of fault.
type kind struct {
	name string
	// weight is how often the kind is drawn where any fault will do, relative to the others.
	weight int
	on     subject
	traits trait
}

// subject is what a fault takes as its arguments.
type subject int

const (
	onMember         subject = iota // a member
	onMemberSlowly                  // a member and a delay
	onMemberUnevenly                // a member, a delay and a jitter
	onMethod                        // a member and one of etcd's gRPC methods
	onCluster                       // a cluster
	onTwoGroups                     // two groups of members
	onManager                       // a cluster and the number of a manager
	onManagerSlowly                 // a cluster, the number of a manager and a delay
)

// trait is a set of properties of a kind of fault. They decide whether a fault is possible beside others, and what it leaves possible.
type trait int

const (
	// once: the fault is over as soon as it has happened, so its step has no length.
	once trait = 1 << iota
	// crippling: the member takes no part in a quorum while the fault lasts.
	crippling
	// halting: the member does not run while the fault lasts.
	halting
	// cutting: no connection of a client to the member stays open, or none can be opened.
	cutting
	// committing: the cluster must have a quorum when the fault begins.
	committing
	// deciding: the members of the cluster change, which etcd accepts only while all members work together.
	deciding
	// gathering: all members of the cluster must run when the fault begins.
	gathering
	// scattering: the cluster has no quorum while the fault lasts, or for a moment if it is over at once.
	scattering
)

// kinds are the weights of all kinds of faults, in the order of fault.All. A heavier kind is one that leaves a manager on a member that is no longer in
// charge, without an error that would tell it so.
func kinds() []kind {
	return []kind{
		{"AddMember", 2, onCluster, once | deciding},
		{"Alarm", 2, onCluster, committing},
		{"Backup", 1, onCluster, once | committing},
		{"Blackhole", 6, onMember, cutting},
		{"BlackholeManager", 4, onManager, 0},
		{"Compact", 4, onCluster, once | committing},
		{"Defragment", 2, onMemberSlowly, once | crippling},
		{"DelayClients", 4, onMemberSlowly, 0},
		{"DelayManager", 2, onManagerSlowly, 0},
		{"DelayWatch", 4, onMemberSlowly, 0},
		{"DisableAuth", 2, onCluster, committing},
		{"DropAnswer", 4, onMethod, 0},
		{"DropKeepAlives", 3, onMember, 0},
		{"DropProgress", 3, onMember, 0},
		{"DropProgressRequests", 3, onMember, 0},
		{"DropWatchCreate", 3, onMember, 0},
		{"ExpireCertificates", 2, onCluster, 0},
		{"ExpireTokens", 2, onCluster, once | committing},
		{"FailDisk", 3, onMember, crippling | halting | cutting},
		{"FailRequest", 3, onMethod, 0},
		{"Freeze", 7, onMember, crippling | cutting},
		{"HalfOpen", 4, onMember, once},
		{"HangApply", 5, onMember, crippling},
		{"HangDisk", 14, onMember, crippling},
		{"Isolate", 8, onMember, crippling | gathering},
		{"Kill", 5, onMember, crippling | halting | cutting},
		{"LoseLease", 4, onCluster, once | committing},
		{"LoseQuorum", 2, onCluster, committing | scattering | halting},
		{"MisadvertiseMember", 2, onMember, crippling},
		{"MoveLeader", 4, onMember, once | committing},
		{"Partition", 6, onTwoGroups, crippling},
		{"PartitionOneWay", 5, onTwoGroups, crippling},
		{"Refuse", 3, onMember, cutting},
		{"RemoveMember", 2, onMember, once | deciding},
		{"Reset", 5, onMember, cutting},
		{"Restart", 3, onMember, once | crippling},
		{"Restore", 1, onCluster, once | scattering},
		{"RollingRestart", 2, onCluster, once | crippling | gathering},
		{"RotateCertificates", 2, onCluster, once},
		{"SlowApply", 4, onMemberSlowly, 0},
		{"SlowDisk", 5, onMemberSlowly, crippling},
		{"SlowLink", 4, onMemberUnevenly, crippling},
		{"WipeAndRejoin", 2, onMember, once | deciding | crippling},
		{"WithholdEvents", 6, onMember, 0},
	}
}

// find returns the kind of this name.
func find(name string) kind {
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.name == name })
	if i < 0 {
		panic(fmt.Sprintf("draw: the table of kinds lacks %q", name)) // a test compares the table with fault.All
	}
	return all[i]
}

// has says whether a kind has all these traits.
func (k kind) has(t trait) bool { return k.traits&t == t }

// methods are the requests whose answers or errors matter to a manager, in the order of their weights.
var methods = []string{"Range", "Range", "LeaseGrant", "LeaseGrant", "Txn", "Txn", "Put", "MemberList", "LeaseTimeToLive", "LeaseRevoke", "Authenticate"}

// fault draws a fault of this kind on a cluster. Members are drawn by [drawer.member], and on a kind that takes one, on is used if it is not empty.
func (d *drawer) fault(k kind, cluster string, on string) fault.Fault {
	if on == "" {
		on = d.member(k, cluster)
	}
	member := cluster + "/" + on
	switch k.on {
	case onMember:
		return made(k, member)
	case onMemberSlowly:
		return made(k, member, d.delay().String())
	case onMemberUnevenly:
		return made(k, member, d.delay().String(), d.delay().String())
	case onMethod:
		return made(k, member, one(d, methods))
	case onTwoGroups:
		group, others := d.groups(cluster)
		return made(k, group, others)
	case onManager:
		return made(k, cluster, d.manager())
	case onManagerSlowly:
		return made(k, cluster, d.manager(), d.delay().String())
	}
	return made(k, cluster)
}

// made makes a fault of its expression.
func made(k kind, words ...string) fault.Fault {
	f, err := fault.Parse(k.name + "(" + strings.Join(words, ", ") + ")")
	if err != nil {
		panic(fmt.Sprintf("draw: the table of kinds is wrong: %v", err)) // a test draws every kind
	}
	return f
}

// member draws a member of a cluster for a kind of fault: more often by its role than by its name, since a fault on the member that leads or is watched
// hurts most.
func (d *drawer) member(k kind, cluster string) string {
	if k.name == "MoveLeader" {
		return harness.RoleFollower // a leader does not move its leadership to itself
	}
	size := d.size(cluster)
	switch d.weigh(30, 30, 15, 25) {
	case 0:
		return harness.RoleLeader
	case 1:
		return harness.RoleWatched
	case 2:
		if size > 1 {
			return harness.RoleFollower
		}
	}
	return fmt.Sprintf("m%d", 1+d.IntN(size))
}

// groups draws two groups of a cluster's members, which together are most often all of them.
func (d *drawer) groups(cluster string) (group, others string) {
	size := d.size(cluster)
	var names []string
	for _, i := range d.Perm(size) {
		names = append(names, fmt.Sprintf("%s/m%d", cluster, i+1))
	}
	if size < 2 {
		names = append(names, cluster+"/m2") // the forecast refuses it
	}
	first := 1 + d.IntN(len(names)-1)
	rest := names[first:]
	if d.chance(25) {
		rest = rest[:1+d.IntN(len(rest))]
	}
	return "[" + strings.Join(names[:first], " ") + "]", "[" + strings.Join(rest, " ") + "]"
}

// manager draws the number of a manager.
func (d *drawer) manager() string {
	if d.rival() && d.chance(30) {
		return "2"
	}
	return "1"
}

// delay draws a delay: shorter than a heartbeat, around the delay that a probe tolerates, or longer than a request timeout.
func (d *drawer) delay() time.Duration {
	t := d.space.timing()
	switch d.weigh(25, 45, 30) {
	case 0:
		return d.between(t.Heartbeat/5, 3*t.Heartbeat)
	case 1:
		return d.between(3*t.Heartbeat, 2*t.Election)
	}
	return d.between(2*t.Election, 2*t.RequestTimeout)
}
