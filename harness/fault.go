package harness

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Fault is something that can be done to a cluster, and undone unless it is over at once. Faults are data. Package fault has them; its Parse reads
// what String prints.
type Fault interface {
	// Name is the name of the fault without its arguments: "HangDisk".
	Name() string
	// String is the fault as an expression that can be read back: "HangDisk(alpha/leader)".
	String() string
	// Resolve finds the members that the fault's arguments name now, and returns what is to be done. It may block until a cluster has a leader,
	// for the time that an election may take. The error says why the fault cannot be injected.
	Resolve(w *World) (Plan, error)
}

// Plan is what injecting a fault will do. Its members are known: roles have been resolved.
type Plan struct {
	// Text is the fault as an expression, with names of members and no roles.
	Text string
	// Switches are switched on in this order and healed together.
	Switches []Switch
	// Scope is what the fault affects in addition to what its switches affect.
	Scope record.Scope
	// Allowance is how stale a view may be because of it.
	Allowance record.Allowance
	// Do is called when all switches are in force; nil if there is nothing more to do. It returns a function that undoes it, or nil.
	Do func(ctx context.Context) (undo func(context.Context) error, err error)
	// Once says that the fault is over as soon as it has happened.
	Once bool
	// Lingers says whether the fault still has effects after its heal. On record it is in force until Lingers returns false. Nil: it has none.
	Lingers func() bool
}

// Switch is a fault point of a member and the decision that it is switched to.
type Switch struct {
	Member   *Member
	Point    point.Name
	Decision point.Decision
}

// Injection is a fault that was injected.
type Injection struct {
	world    *World
	plan     Plan
	at       time.Duration
	thrown   []*point.Thrown
	undo     func(context.Context) error
	recorded func()
	healed   bool
}

// Inject injects a fault and blocks until it is in force. Faults that are still in force at the end of the scenario are healed then. If the fault
// cannot be injected, for example because its member is down, the scenario ends and the run is not judged.
func (w *World) Inject(f Fault) *Injection {
	i, err := w.Begin(f)
	if err != nil {
		w.fail("%s: %w", f, err)
	}
	return i
}

// Begin is Inject for a caller that can continue without the fault: it returns an error if the fault cannot be injected.
func (w *World) Begin(f Fault) (*Injection, error) {
	plan, err := f.Resolve(w)
	if err != nil {
		return nil, err
	}
	if within, promised := w.candidate.Within.of(f.Name()); promised {
		plan.Allowance = record.Allowance{Name: record.Promised, Recovery: within, Lasting: plan.Allowance.Lasting}
	}
	if err := supported(plan.Switches); err != nil {
		return nil, err
	}
	i := &Injection{world: w, plan: plan, at: w.Elapsed()}
	// The fault is recorded before it begins: killing a member takes a while, and has effects before it is done.
	i.recorded = w.recorder.Fault(record.Fault{Text: plan.Text, Scope: scopeOf(w.Bounds(), plan.Switches, plan.Scope), Allowance: plan.Allowance})
	if err := i.begin(w.ctx); err != nil {
		i.heal(w.ctx)
		return nil, err
	}
	if plan.Once {
		i.heal(w.ctx)
	}
	w.injected = append(w.injected, i)
	return i, nil
}

// String is the fault as an expression, with names of members and no roles.
func (i *Injection) String() string { return i.plan.Text }

// begin switches the fault points on, blocks until each is in force, and then calls the plan's Do.
func (i *Injection) begin(ctx context.Context) error {
	for _, s := range i.plan.Switches {
		t, err := i.world.board.Throw(i.world.path(s.Member, s.Point), s.Decision.Terms())
		if err != nil {
			return err
		}
		i.thrown = append(i.thrown, t)
	}
	for _, s := range i.plan.Switches {
		if err := s.Member.cluster.running.InForce(ctx, s.Member.name, s.Point); err != nil {
			return fmt.Errorf("%s on %s does not take hold: %w", s.Point, s.Member, err)
		}
	}
	if i.plan.Do == nil {
		return nil
	}
	undo, err := i.plan.Do(ctx)
	i.undo = undo
	return err
}

// Heal undoes the fault. Healing twice does nothing. If the fault cannot be undone, the scenario ends and the run is not judged.
func (i *Injection) Heal() {
	if err := i.End(); err != nil {
		i.world.fail("heal %w", err)
	}
}

// End is Heal for a caller that can continue: it returns an error if the fault cannot be undone.
func (i *Injection) End() error {
	if err := i.heal(i.world.ctx); err != nil {
		return fmt.Errorf("%s: %w", i.plan.Text, err)
	}
	return nil
}

func (i *Injection) heal(ctx context.Context) error {
	if i.healed {
		return nil
	}
	i.healed = true
	defer i.over()
	for _, t := range i.thrown {
		t.Heal()
	}
	if i.undo == nil {
		return nil
	}
	return i.undo(ctx)
}

// over records the end of the fault once it has no effects any more. It does not block.
func (i *Injection) over() {
	lingers := i.plan.Lingers
	if lingers == nil || !lingers() {
		i.recorded()
		return
	}
	i.world.Later(func(ctx context.Context) {
		ticker := time.NewTicker(i.world.timing.Observe)
		defer ticker.Stop()
		defer i.recorded()
		for lingers() {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	})
}

// Later calls f in a goroutine of its own, for what a heal cannot finish now. f must return when its context ends, which is when the world
// closes.
func (w *World) Later(f func(context.Context)) { w.observers.Go(func() { f(w.ctx) }) }

// healAll heals all faults that are in force, the newest first.
func (w *World) healAll() {
	for _, i := range slices.Backward(w.injected) {
		if err := i.heal(w.ctx); err != nil {
			w.broken(fmt.Errorf("heal %s: %w", i.plan.Text, err))
		}
	}
}

// UnsupportedError says that an engine lacks a fault point.
type UnsupportedError struct {
	Point point.Name
	On    *Member
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("the %s engine has no fault point %s on %s", e.On.cluster.world.engine.Name(), e.Point, e.On)
}

func supported(switches []Switch) error {
	for _, s := range switches {
		if !s.Member.supports(s.Point) {
			return &UnsupportedError{Point: s.Point, On: s.Member}
		}
	}
	return nil
}
