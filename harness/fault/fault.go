// Package fault has the faults that can be injected into a world, each in a file of its own. A fault is data, a name and arguments: it
// prints itself as an expression that [Parse] reads back, and it knows how stale a view may be because of it.
//
//	hang := w.Inject(fault.HangDisk(leader))              // a member
//	hang := w.Inject(fault.HangDisk(harness.Ref{Cluster: "alpha", Member: harness.RoleLeader}))
//	f, err := fault.Parse("HangDisk(alpha/leader)")       // the same; the role is resolved when the fault begins
//
// Most faults switch fault points on; the others do something to a member, such as kill it. Which members a fault affects follows from its
// switches.
package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Fault is a fault as data. The zero value is no fault.
type Fault struct {
	kind *kind
	args arguments
}

var _ harness.Fault = Fault{}

// arguments are the arguments of a fault. The kind of the fault says which of them are set.
type arguments struct {
	member        harness.Ref
	group, others []harness.Ref
	cluster       string
	manager       int
	delay, jitter time.Duration
	method        string
}

// kind is a fault without its arguments.
type kind struct {
	name  string
	about string // one sentence
	takes []parameter
	// tls and auth say that it can only happen to a cluster with TLS, or with authentication.
	tls, auth bool
	// once says that it is over as soon as it has happened: there is nothing to heal.
	once bool
	plan func(w *harness.World, on subjects) (harness.Plan, error)
}

// subjects are the arguments with their members and cluster found in a world.
type subjects struct {
	member        *harness.Member
	group, others []*harness.Member
	cluster       *harness.Cluster
	manager       int
	delay, jitter time.Duration
	method        string
}

// none is the kind of the zero value.
var none = &kind{
	name: "no fault",
	plan: func(*harness.World, subjects) (harness.Plan, error) {
		return harness.Plan{}, errors.New("the zero value of a fault cannot happen")
	},
}

// kinds are all faults, in the order of their names.
func kinds() []*kind {
	return []*kind{
		addMember, alarm, backup, blackhole, blackholeManager, compact, defragment, delayClients, delayManager, delayWatch, disableAuth, dropAnswer, dropKeepAlives, dropProgress,
		dropProgressRequests, dropWatchCreate, expireCertificates, expireTokens, failDisk, failRequest, freeze, halfOpen, hangApply, hangDisk, isolate,
		kill, loseLease, loseQuorum, misadvertiseMember, moveLeader, partition, partitionOneWay, refuse, removeMember, reset, restart, restore, rollingRestart,
		rotateCertificates, slowApply, slowDisk, slowLink, wipeAndRejoin, withholdEvents,
	}
}

// kindOrNone is the fault's kind.
func (f Fault) kindOrNone() *kind {
	if f.kind == nil {
		return none
	}
	return f.kind
}

// Name is the name of the fault without its arguments, such as "HangDisk"; "no fault" for the zero value.
func (f Fault) Name() string { return f.kindOrNone().name }

// String is the fault as an expression that [Parse] reads; "no fault" for the zero value, which Parse refuses.
func (f Fault) String() string {
	if f.kind == nil {
		return none.name
	}
	return f.kind.print(f.args)
}

// print writes the expression of a fault.
func (k *kind) print(a arguments) string {
	words := make([]string, len(k.takes))
	for i, p := range k.takes {
		words[i] = p.print(a)
	}
	return k.name + "(" + strings.Join(words, ", ") + ")"
}

// Clusters are the names of the clusters in the fault's arguments. A name may occur more than once.
func (f Fault) Clusters() []string {
	var names []string
	for _, p := range f.kindOrNone().takes {
		names = append(names, p.clusters(f.args)...)
	}
	return names
}

// Suit returns the cluster with what the fault needs there: TLS, or authentication.
func (f Fault) Suit(c harness.Spec) harness.Spec {
	k := f.kindOrNone()
	if slices.Contains(f.Clusters(), c.Name) {
		c.TLS, c.Auth = c.TLS || k.tls, c.Auth || k.auth
	}
	return c
}

// Member is the member that the fault is on. It is false if the fault is on a cluster or on groups of members.
func (f Fault) Member() (m harness.Ref, one bool) {
	return f.args.member, f.args.member != harness.Ref{}
}

// Once says whether the fault is over as soon as it has happened, so that there is nothing to heal.
func (f Fault) Once() bool { return f.kindOrNone().once }

// Groups are the two groups of members that the fault is on, for a fault such as Partition; else they are empty.
func (f Fault) Groups() (group, others []harness.Ref) {
	return slices.Clone(f.args.group), slices.Clone(f.args.others)
}

// Longest is the longest delay in the fault's arguments, its jitter included; zero if it has none.
func (f Fault) Longest() time.Duration { return f.args.delay + f.args.jitter }

// Resolve finds the members that the fault's arguments name at this moment, and returns what injecting the fault would do. It returns an
// error if there is no such member or cluster, or if the fault cannot be injected now.
func (f Fault) Resolve(w *harness.World) (harness.Plan, error) {
	var on subjects
	k := f.kindOrNone()
	for _, p := range k.takes {
		if err := p.resolve(w, f.args, &on); err != nil {
			return harness.Plan{}, err
		}
	}
	plan, err := k.plan(w, on)
	plan.Text, plan.Once = k.print(on.arguments()), k.once
	return plan, err
}

// arguments are the names of the subjects.
func (s subjects) arguments() arguments {
	a := arguments{group: refs(s.group), others: refs(s.others), manager: s.manager, delay: s.delay, jitter: s.jitter, method: s.method}
	if s.member != nil {
		a.member = s.member.Ref()
	}
	if s.cluster != nil {
		a.cluster = s.cluster.Name()
	}
	return a
}

func refs(members []*harness.Member) []harness.Ref {
	list := make([]harness.Ref, len(members))
	for i, m := range members {
		list[i] = m.Ref()
	}
	return list
}

func refsOf(members []harness.Referrer) []harness.Ref {
	list := make([]harness.Ref, len(members))
	for i, m := range members {
		list[i] = m.Ref()
	}
	return list
}

// on makes a fault of this kind on one member.
func (k *kind) on(m harness.Referrer) Fault { return Fault{k, arguments{member: m.Ref()}} }

// slow makes a fault of this kind on one member with a delay.
func (k *kind) slow(m harness.Referrer, delay time.Duration) Fault {
	return Fault{k, arguments{member: m.Ref(), delay: delay}}
}

// in makes a fault of this kind on a cluster.
func (k *kind) in(c *harness.Cluster) Fault { return Fault{k, arguments{cluster: c.Name()}} }

// method makes a fault of this kind on the requests of one method to one member.
func (k *kind) method(m harness.Referrer, method string) Fault {
	return Fault{k, arguments{member: m.Ref(), method: method}}
}

// hold, drop and late are decisions that several faults use.
var (
	hold = point.Decision{Kind: point.Hang}
	drop = point.Decision{Kind: point.Drop}
)

func late(d time.Duration) point.Decision { return point.Decision{Kind: point.Delay, Delay: d} }

// throw makes switches with the same decision at several points of a member.
func throw(m *harness.Member, d point.Decision, at ...point.Name) []harness.Switch {
	switches := make([]harness.Switch, len(at))
	for i, n := range at {
		switches[i] = harness.Switch{Member: m, Point: n, Decision: d}
	}
	return switches
}

// between makes the switch for all raft traffic from one member to another.
func between(from, to *harness.Member, d point.Decision) []harness.Switch {
	return throw(from, d, point.PeerSend(to.Name()))
}

// peers are the other members of a member's cluster.
func peers(m *harness.Member) []*harness.Member {
	var others []*harness.Member
	for _, o := range m.Cluster().Members() {
		if o != m {
			others = append(others, o)
		}
	}
	return others
}

// down is the scope of a fault that stops a member's process.
func down(m *harness.Member) record.Scope {
	only := []string{m.Name()}
	return record.Scope{
		Cluster: m.Cluster().Name(), Members: only, Crippled: only, Unreachable: only, Silenced: only, Lagging: only,
	}
}

// mustCommit returns an error if the cluster has lost its quorum, so that it could not carry out a request.
func mustCommit(w *harness.World, c *harness.Cluster) error {
	if w.Lost(c, record.LostQuorum) {
		return fmt.Errorf("cluster %s has lost its quorum and cannot commit anything", c)
	}
	return nil
}

// mustRun returns an error if one of the members is down.
func mustRun(members ...*harness.Member) error {
	for _, m := range members {
		if !m.Status().Up {
			return fmt.Errorf("member %s is down: restart it first", m)
		}
	}
	return nil
}
