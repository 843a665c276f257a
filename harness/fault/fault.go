// Package fault has the faults: one file a fault. Each is a value that says what it touches, prints itself as an expression and
// heals.
//
//	hang := w.Inject(fault.HangDisk(leader))    // HangDisk(alpha/m1)
//	…
//	hang.Heal()
//
// Most are switches thrown on fault points; the others are things one does to a member.
package fault

import (
	"context"
	"fmt"
	"strings"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// switches is a fault that consists of thrown switches.
type switches struct {
	name  string
	scope record.Scope
	args  []any
	// needs are the members that must be up for the fault to mean anything.
	needs  []*harness.Member
	throws []throw
	// after is called once all switches are thrown; nil if there is nothing more to do.
	after func()
}

// throw is one switch to be thrown.
type throw struct {
	path     point.Path
	decision point.Decision
}

func (f switches) String() string      { return expression(f.name, f.args...) }
func (f switches) Scope() record.Scope { return f.scope }

func (f switches) Begin(_ context.Context, w *harness.World) (func(context.Context) error, error) {
	for _, m := range f.needs {
		if err := mustRun(m); err != nil {
			return nil, err
		}
	}
	var thrown []*point.Thrown
	heal := func(context.Context) error {
		for _, t := range thrown {
			t.Heal()
		}
		return nil
	}
	for _, t := range f.throws {
		one, err := w.Board().Throw(t.path, t.decision.Terms())
		if err != nil {
			_ = heal(nil) // never fails
			return nil, err
		}
		thrown = append(thrown, one)
	}
	if f.after != nil {
		f.after()
	}
	return heal, nil
}

// action is a fault that is done rather than switched on.
type action struct {
	name  string
	scope record.Scope
	args  []any
	begin func(context.Context, *harness.World) (func(context.Context) error, error)
}

func (f action) String() string      { return expression(f.name, f.args...) }
func (f action) Scope() record.Scope { return f.scope }

func (f action) Begin(ctx context.Context, w *harness.World) (func(context.Context) error, error) {
	return f.begin(ctx, w)
}

// expression prints a fault: its name and what it was made of.
func expression(name string, args ...any) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = fmt.Sprint(a)
	}
	return name + "(" + strings.Join(words, ", ") + ")"
}

// mustRun refuses a fault on a member that is down.
func mustRun(m *harness.Member) error {
	if m.Server() == nil {
		return fmt.Errorf("member %s is down: restart it first", m)
	}
	return nil
}

// only is the scope of a fault that touches one member without keeping it from its quorum.
func only(m *harness.Member) record.Scope {
	return record.Scope{Cluster: m.Cluster().Name(), Members: []string{m.Name()}}
}

// crippled is the scope of a fault that keeps a member from taking part in a quorum.
func crippled(m *harness.Member) record.Scope {
	s := only(m)
	s.Crippled = s.Members
	return s
}

// silent adds to a scope that the member's watches may fall silent.
func silent(s record.Scope) record.Scope {
	s.Silences = true
	return s
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

// oneWay are the switches that do the same to all raft traffic from one member to another.
func oneWay(from, to *harness.Member, d point.Decision) throw {
	return throw{from.Point(point.PeerSend(to.Name())), d}
}
