package point

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pingcap/failpoint"
)

// Board is one world's view of its fault points: it throws and heals switches in failpoint's registry and holds whatever
// a thrown switch delays or hangs. Its channels and timers are made by its callers' goroutines, so that in virtual time
// they belong to the bubble.
type Board struct {
	poll    time.Duration
	unknown func(Path, error)

	mu     sync.Mutex
	thrown map[Path][]*Thrown
	gates  map[Path]chan struct{} // closed and replaced whenever the path's switch changes
	closed atomic.Bool
}

// NewBoard makes a board. poll is how often something held by a hang looks whether its switch was turned off behind the
// board's back, by failpoint.Disable or the HTTP handler. unknown is told of values that no point understands; it may be nil.
func NewBoard(poll time.Duration, unknown func(Path, error)) *Board {
	if unknown == nil {
		unknown = func(Path, error) {}
	}
	return &Board{poll: poll, unknown: unknown, thrown: map[Path][]*Thrown{}, gates: map[Path]chan struct{}{}}
}

// Thrown is one throw of a switch, to be healed once.
type Thrown struct {
	board *Board
	path  Path
	terms string
}

// ErrClosed is returned by Throw after Close.
var ErrClosed = errors.New("fault point: the world is closed")

// Throw switches a fault point on. Thrown twice, the later terms are in force until they are healed, then the earlier ones
// again, so that overlapping faults do not undo one another.
func (b *Board) Throw(p Path, terms string) (*Thrown, error) {
	if err := checkTerms(terms); err != nil {
		return nil, fmt.Errorf("fault point %s: %w", p, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed.Load() {
		return nil, ErrClosed
	}
	if err := failpoint.Enable(string(p), terms); err != nil {
		return nil, fmt.Errorf("fault point %s: %w", p, err)
	}
	t := &Thrown{board: b, path: p, terms: terms}
	b.thrown[p] = append(b.thrown[p], t)
	b.wake(p)
	return t, nil
}

// Heal takes the throw back; whatever it held goes on. Healing twice does nothing.
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
		if i == len(stack)-1 { // what is not on top is not in force
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
		delete(b.thrown, p)
	} else {
		// These terms were accepted before.
		_ = failpoint.Enable(string(p), stack[len(stack)-1].terms)
	}
	b.wake(p)
}

// wake lets everything held at the path look again. The caller holds b.mu.
func (b *Board) wake(p Path) {
	if gate, ok := b.gates[p]; ok {
		close(gate)
		delete(b.gates, p)
	}
}

// Close heals every throw and lets go of everything held, for good: afterwards every point passes.
func (b *Board) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed.Store(true)
	for p := range b.thrown {
		_ = failpoint.Disable(string(p))
		delete(b.thrown, p)
	}
	for p := range b.gates {
		b.wake(p)
	}
}

// changed returns a channel that is closed when the board throws or heals the path, or is closed itself. A switch turned
// outside the board does not close it.
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

// On says whether the path's switch is on, without spending one of its counts.
func (b *Board) On(p Path) bool {
	_, on := b.terms(p)
	return on
}

// Stops says whether the path's switch lets nothing through for now: it hangs or drops whatever comes.
func (b *Board) Stops(p Path) bool {
	terms, on := b.terms(p)
	return on && stops(terms)
}

func (b *Board) terms(p Path) (string, bool) {
	if b.closed.Load() {
		return "", false
	}
	terms, err := failpoint.Status(string(p))
	return terms, err == nil
}

// Decide evaluates the path's switch once: probabilities are drawn and counts are spent.
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
	return d
}

// Hold waits as d asks: a delay for its time or until the switch changes, a hang until the switch is healed. It returns
// [io.ErrClosedPipe] when done is closed first. Other decisions do not wait.
func (b *Board) Hold(done <-chan struct{}, p Path, d Decision) error {
	switch d.Kind {
	case Delay:
		return b.holdFor(done, p, d.Delay)
	case Hang:
		return b.holdUntilHealed(done, p)
	}
	return nil
}

// Pass is Decide and Hold in one: it waits if it must and returns what is left to do, which is Pass, Drop, Refuse or
// Reset, or Reset when done was closed while it waited.
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

// holdUntilHealed lets go only when the switch is off or says something else than to hang.
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

// await blocks until a switch is as wanted. It looks whenever the board changes the switch and every poll, since failpoint does not say
// when somebody else does.
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
