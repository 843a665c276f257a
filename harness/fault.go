package harness

import (
	"context"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Fault is something that can be done to a cluster and undone. Faults are values; package fault has them.
type Fault interface {
	// String is the fault as an expression that can be read back.
	String() string
	// Scope is what the fault touches.
	Scope() record.Scope
	// Begin does it and returns how to undo it, or a nil heal if the fault is over as soon as it has happened. heal is called once.
	// Both may block, for a member to restart say. An error names what was wrong with asking for it.
	Begin(ctx context.Context, w *World) (heal func(context.Context) error, err error)
}

// Injection is a fault in force.
type Injection struct {
	world  *World
	fault  Fault
	record func()
	heal   func(context.Context) error
	healed bool
	at     time.Duration
}

// Inject makes a fault happen now. What is still in force at the end of the run is healed then. A fault that cannot happen,
// on a member that is down for example, ends the scenario.
func (w *World) Inject(f Fault) *Injection {
	i := &Injection{world: w, fault: f, at: w.Elapsed()}
	// The fault counts from before it begins: killing takes a while, and its effects come first.
	i.record = w.recorder.Fault(f.String(), f.Scope())
	heal, err := f.Begin(w.ctx, w)
	if err != nil {
		i.record()
		w.fail("%s: %w", f, err)
	}
	if heal == nil {
		i.healed = true
		i.record()
	}
	i.heal = heal
	w.injected = append(w.injected, i)
	return i
}

// Heal undoes the fault. Healing twice does nothing.
func (i *Injection) Heal() {
	if err := i.end(); err != nil {
		i.world.fail("heal %s: %w", i.fault, err)
	}
}

func (i *Injection) end() error {
	if i.healed {
		return nil
	}
	i.healed = true
	defer i.record()
	return i.heal(i.world.ctx)
}

// healAll undoes what is in force, the newest first.
func (w *World) healAll() {
	for _, i := range slices.Backward(w.injected) {
		if err := i.end(); err != nil {
			w.Note("heal %s: %v", i.fault, err)
		}
	}
}
