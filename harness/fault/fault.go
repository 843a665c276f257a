// Package fault has the faults: one file a fault. Each is data: a name and arguments, which prints itself as an expression that
// [Parse] reads back, and knows how stale a view may be because of it.
//
//	hang := w.Inject(fault.HangDisk(leader))              // a member
//	hang := w.Inject(fault.HangDisk(harness.Ref{Cluster: "alpha", Member: harness.RoleLeader}))
//	f, err := fault.Parse("HangDisk(alpha/leader)")       // the same; the role is resolved when the fault begins
//
// Most are switches thrown on fault points; the others are things one does to a member. What a fault touches follows from the switches.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Fault is a fault as data. The zero value is none.
type Fault struct {
	kind *kind
	args arguments
}

var _ harness.Fault = Fault{}

// arguments are what a fault is made of; which of them it has its kind says.
type arguments struct {
	member        harness.Ref
	group, others []harness.Ref
	cluster       string
	delay         time.Duration
}

// kind is a fault without its arguments.
type kind struct {
	name  string
	about string // one sentence
	takes []parameter
	plan  func(w *harness.World, on subjects) (harness.Plan, error)
}

// subjects are the arguments, with members that are known.
type subjects struct {
	member        *harness.Member
	group, others []*harness.Member
	cluster       *harness.Cluster
	delay         time.Duration
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
		addMember, blackhole, delayClients, delayWatch, dropProgress, dropProgressRequests, freeze, hangApply, hangDisk, isolate, kill,
		moveLeader, partition, partitionOneWay, refuse, removeMember, reset, restart, slowApply, slowDisk, withholdEvents,
	}
}

// kindOrNone is the fault's kind.
func (f Fault) kindOrNone() *kind {
	if f.kind == nil {
		return none
	}
	return f.kind
}

// Name is the fault's, without arguments; "no fault" for the zero value.
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

// Clusters are the names of the clusters that the fault concerns.
func (f Fault) Clusters() []string {
	var names []string
	for _, p := range f.kindOrNone().takes {
		names = append(names, p.clusters(f.args)...)
	}
	return names
}

// Member is the one member that the fault is on; false if it is on a cluster or on groups.
func (f Fault) Member() (m harness.Ref, one bool) {
	return f.args.member, f.args.member != harness.Ref{}
}

// Resolve finds the members that the fault concerns now.
func (f Fault) Resolve(w *harness.World) (harness.Plan, error) {
	var on subjects
	k := f.kindOrNone()
	for _, p := range k.takes {
		if err := p.resolve(w, f.args, &on); err != nil {
			return harness.Plan{}, err
		}
	}
	plan, err := k.plan(w, on)
	plan.Text = k.print(on.arguments())
	return plan, err
}

// arguments are the subjects by name.
func (s subjects) arguments() arguments {
	a := arguments{group: refs(s.group), others: refs(s.others), delay: s.delay}
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

// on is the fault of a kind on one member.
func (k *kind) on(m harness.Referrer) Fault { return Fault{k, arguments{member: m.Ref()}} }

// slow is the fault of a kind on one member with a delay.
func (k *kind) slow(m harness.Referrer, delay time.Duration) Fault {
	return Fault{k, arguments{member: m.Ref(), delay: delay}}
}

// hold, drop and late are what switches of several faults ask for.
var (
	hold = point.Decision{Kind: point.Hang}
	drop = point.Decision{Kind: point.Drop}
)

func late(d time.Duration) point.Decision { return point.Decision{Kind: point.Delay, Delay: d} }

// throw are the switches that do the same at several points of a member.
func throw(m *harness.Member, d point.Decision, at ...point.Name) []harness.Switch {
	switches := make([]harness.Switch, len(at))
	for i, n := range at {
		switches[i] = harness.Switch{Member: m, Point: n, Decision: d}
	}
	return switches
}

// between are the switches that do the same to all raft traffic from one member to another.
func between(from, to *harness.Member, d point.Decision) []harness.Switch {
	return throw(from, d, point.PeerSend(to.Name()))
}

// peers are a member's fellows.
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

// mustRun refuses a fault on a member that is down.
func mustRun(members ...*harness.Member) error {
	for _, m := range members {
		if !m.Status().Up {
			return fmt.Errorf("member %s is down: restart it first", m)
		}
	}
	return nil
}
