package point

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pingcap/failpoint"
)

// Board switches the fault points of one world on and off in failpoint's registry, and blocks the code that a point delays or
// hangs. Its channels and timers are made by its callers' goroutines, so that in virtual time they belong to the bubble.
// It is safe for concurrent use.
type Board struct {
	poll      time.Duration
	unknown   func(Path, error)
	namespace namespace
	closed    atomic.Bool

	mu     sync.Mutex             // guards the fields below
	random *rand.Rand             // draws the jitter of delays
	thrown map[Path][]*Thrown     // the oldest first
	gates  map[Path]chan struct{} // closed and replaced whenever the path's switch changes
}

// NewBoard makes a board. poll is how often code that hangs checks whether its switch was turned off by others: by
// failpoint.Disable or failpoint's HTTP handler. unknown is called with each value that no point understands; it may be nil.
// No two open boards of a process have the same paths: those of the first begin with "stormwatch/", those of a second one that is open at the
// same time with "stormwatch/2/", and so on.
func NewBoard(poll time.Duration, unknown func(Path, error)) *Board {
	if unknown == nil {
		unknown = func(Path, error) {}
	}
	return &Board{
		poll: poll, unknown: unknown, namespace: takeNamespace(), thrown: map[Path][]*Thrown{}, gates: map[Path]chan struct{}{},
		random: newRandom(0),
	}
}

// Seed makes the jitter of delays follow a seed. Without it, the seed is zero.
func (b *Board) Seed(seed uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.random = newRandom(seed)
}

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// Path is the path of a member's fault point in failpoint's registry.
func (b *Board) Path(cluster, member string, n Name) Path {
	return Path(b.namespace.prefix() + cluster + "/" + member + "/" + string(n))
}

// Thrown is a switch that [Board.Throw] switched on, until it is healed.
type Thrown struct {
	board *Board // nil if the switch was on before the board threw it
	path  Path
	terms string
}

// errClosed is returned by Throw after Close.
var errClosed = errors.New("fault point: the world is closed")

// Throw switches a fault point on, with failpoint's terms. It does not block. If a point is thrown twice, the later terms are in force
// until they are healed, and then the earlier ones again, so that overlapping faults do not undo one another. If somebody else had
// switched the point on before, those terms come back after the last heal.
func (b *Board) Throw(p Path, terms string) (*Thrown, error) {
	if err := checkTerms(terms); err != nil {
		return nil, fmt.Errorf("fault point %s: %w", p, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed.Load() {
		return nil, errClosed
	}
	before, err := failpoint.Status(string(p))
	on := err == nil
	if err := failpoint.Enable(string(p), terms); err != nil {
		return nil, fmt.Errorf("fault point %s: %w", p, err)
	}
	if on && len(b.thrown[p]) == 0 {
		b.thrown[p] = []*Thrown{{path: p, terms: before}}
	}
	t := &Thrown{board: b, path: p, terms: terms}
	b.thrown[p] = append(b.thrown[p], t)
	b.wake(p)
	return t, nil
}

// Heal takes the throw back and releases the code that waited because of it. Healing twice does nothing.
func (t *Thrown) Heal() {
	b := t.board
	b.mu.Lock()
	defer b.mu.Unlock()
	stack := b.thrown[t.path]
	for i, other := range stack {
		if other != t {
			continue
		}
		b.thrown[t.path] = append(stack[:i:i], stack[i+1:]...)
		if i == len(stack)-1 { // only the last terms are in force
			b.restore(t.path)
		}
		return
	}
}

// restore puts the newest remaining terms of a path in force, or none.
func (b *Board) restore(p Path) {
	stack := b.thrown[p]
	if len(stack) == 0 {
		_ = failpoint.Disable(string(p))
	} else {
		// failpoint accepted these terms before, so it returns no error now.
		_ = failpoint.Enable(string(p), stack[len(stack)-1].terms)
	}
	if len(stack) == 0 || len(stack) == 1 && stack[0].board == nil {
		delete(b.thrown, p)
	}
	b.wake(p)
}

// wake makes all code that waits at the path check the switch again. The caller holds b.mu.
func (b *Board) wake(p Path) {
	if gate, ok := b.gates[p]; ok {
		close(gate)
		delete(b.gates, p)
	}
}

// Close heals every throw and releases all code that waits. Afterwards every point passes. Closing twice does nothing.
func (b *Board) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed.Swap(true) {
		return
	}
	for p, stack := range b.thrown {
		b.thrown[p] = slices.DeleteFunc(stack, func(t *Thrown) bool { return t.board != nil })
		b.restore(p)
	}
	for p := range b.gates {
		b.wake(p)
	}
	b.namespace.giveBack()
}

// changed returns a channel that is closed when the board throws or heals the path, or is closed itself. It is not closed when somebody
// else changes the switch.
func (b *Board) changed(p Path) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gate(p)
}

func (b *Board) gate(p Path) chan struct{} {
	gate, ok := b.gates[p]
	if !ok {
		gate = make(chan struct{})
		if b.closed.Load() {
			close(gate)
			return gate
		}
		b.gates[p] = gate
	}
	return gate
}

// On says whether the path's switch is on. It does not use up a count such as that of "2*return(true)".
func (b *Board) On(p Path) bool {
	_, on := b.terms(p)
	return on
}

// Stops says whether the path's switch now hangs or drops everything, so that nothing gets through.
func (b *Board) Stops(p Path) bool {
	terms, on := b.terms(p)
	return on && stops(terms)
}

func (b *Board) terms(p Path) (string, bool) {
	if b.closed.Load() {
		return "", false
	}
	// Status records a stack for each switch that is off, which is nearly all of them; List only copies the names of those that are on.
	if !slices.Contains(failpoint.List(), string(p)) {
		return "", false
	}
	terms, err := failpoint.Status(string(p))
	return terms, err == nil
}

// Decide evaluates the path's switch once: it draws probabilities and jitter, and uses up counts. A Delay that it returns includes the jitter.
func (b *Board) Decide(p Path) Decision {
	if b.closed.Load() {
		return Decision{}
	}
	value, err := failpoint.Eval(string(p))
	if err != nil {
		return Decision{}
	}
	d, err := parse(value)
	if err != nil {
		b.unknown(p, fmt.Errorf("fault point %s: %w", p, err))
	}
	if d.Jitter > 0 {
		b.mu.Lock()
		d.Delay += time.Duration(b.random.Int64N(int64(d.Jitter) + 1))
		b.mu.Unlock()
		d.Jitter = 0
	}
	return d
}

// Hold blocks as d asks: for a delay until its time is over or the switch changes, for a hang until the switch is healed. Other decisions
// do not block. It returns [io.ErrClosedPipe] if done is closed first.
func (b *Board) Hold(done <-chan struct{}, p Path, d Decision) error {
	switch d.Kind {
	case Delay:
		return b.holdFor(done, p, d.Delay)
	case Hang:
		return b.holdUntilHealed(done, p)
	}
	return nil
}

// Pass calls Decide and then Hold. It returns what the caller must do next: Pass, Drop, Refuse or Reset. It returns Reset if done was
// closed while it blocked.
func (b *Board) Pass(done <-chan struct{}, p Path) Kind {
	d := b.Decide(p)
	if err := b.Hold(done, p, d); err != nil {
		return Reset
	}
	if d.Kind == Delay || d.Kind == Hang {
		return Pass
	}
	return d.Kind
}

func (b *Board) holdFor(done <-chan struct{}, p Path, delay time.Duration) error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-b.changed(p):
		return nil
	case <-done:
		return io.ErrClosedPipe
	}
}

// holdUntilHealed blocks until the switch is off or no longer asks to hang.
func (b *Board) holdUntilHealed(done <-chan struct{}, p Path) error {
	return b.await(done, p, func() bool {
		terms, on := b.terms(p)
		return !on || !hangs(terms)
	})
}

// AwaitOn blocks until the path's switch is on. It returns [io.ErrClosedPipe] when done is closed first.
func (b *Board) AwaitOn(done <-chan struct{}, p Path) error {
	return b.await(done, p, func() bool { return b.On(p) })
}

// AwaitOff blocks until the path's switch is off. It returns [io.ErrClosedPipe] when done is closed first.
func (b *Board) AwaitOff(done <-chan struct{}, p Path) error {
	return b.await(done, p, func() bool { return !b.On(p) })
}

// await blocks until wanted returns true. It calls wanted whenever the board changes the switch, and at every poll, since failpoint does
// not tell when somebody else changes it.
func (b *Board) await(done <-chan struct{}, p Path, wanted func() bool) error {
	for {
		select {
		case <-done:
			return io.ErrClosedPipe
		default:
		}
		change := b.changed(p)
		if wanted() {
			return nil
		}
		timer := time.NewTimer(b.poll)
		select {
		case <-change:
		case <-timer.C:
		case <-done:
			timer.Stop()
			return io.ErrClosedPipe
		}
		timer.Stop()
	}
}
