package virtual

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// grace is how long, in virtual time, what the body left behind may take to end once the body has returned: longer than the timeouts
// that anything of etcd's or gRPC's waits for by itself.
const grace = 30 * time.Second

// Virtual time that stands still for patience by the wall clock will not go on: something in the bubble waits for what is not in it,
// a socket or a lock for example, or does not wait at all. pulse is how often the bubble shows that its time goes on, and margin how
// long before the test's deadline it is given up, so that there is an error that says where it was.
const (
	patience = 30 * time.Second
	pulse    = time.Second
	margin   = 10 * time.Second
)

// Run calls body in a bubble, in which time passes when every goroutine waits for it. It returns an error that names the goroutines
// that did not end with the body, or because of which time stood still; they are abandoned, and never run again unless they cannot be
// stopped. It must be called by the goroutine of the test that the engine was made for.
func (e *Engine) Run(body func()) error {
	if err := checkValCtx(); err != nil {
		return err
	}
	defer seedRandomness(e.t, e.seed)()
	if err := seedFailpoints(e.seed); err != nil {
		return err
	}
	defer smallSegments()()
	defer oneProcessor()()
	b := newBubble(e.t, body)
	if deadline, ok := e.t.Deadline(); ok {
		left := time.Until(deadline)
		b.limit = left - min(margin, left/2)
	}
	return b.run()
}

// oneProcessor makes goroutines take turns until restore is called. They mostly hand something on and wait, which costs a quarter
// more time between two processors; and what happens at one instant happens in fewer different orders.
func oneProcessor() (restore func()) {
	before := runtime.GOMAXPROCS(1)
	return func() { runtime.GOMAXPROCS(before) }
}

// bubble is a body in virtual time, watched from outside.
type bubble struct {
	t        *testing.T
	body     func()
	patience time.Duration
	limit    time.Duration // how long it may take in all; zero: for ever
	id       atomic.Uint64
	pulses   atomic.Uint64
	givenUp  atomic.Bool
	ended    chan error
	never    chan struct{} // from outside, so that waiting for it stops the clock
}

func newBubble(t *testing.T, body func()) *bubble {
	return &bubble{t: t, body: body, patience: patience, ended: make(chan error, 1), never: make(chan struct{})}
}

// run blocks until the bubble has ended, or gives it up.
func (b *bubble) run() error {
	go b.inside() // a goroutine of its own, to be given up
	var over <-chan time.Time
	if b.limit > 0 {
		over = time.After(b.limit)
	}
	ticker := time.NewTicker(b.patience)
	defer ticker.Stop()
	for {
		before := b.pulses.Load()
		select {
		case err := <-b.ended:
			return err
		case <-over:
			b.givenUp.Store(true)
			return fmt.Errorf("the test's time is over, and the body has not ended: %w", b.where())
		case <-ticker.C:
			if b.pulses.Load() == before {
				return fmt.Errorf("virtual time has stood still for %v: %w", b.patience, b.busy())
			}
		}
	}
}

// inside blows the bubble and reports how it ended.
func (b *bubble) inside() {
	var failure error
	defer func() {
		if p := recover(); p != nil { // synctest's, which says that somebody waits for ever
			failure = errors.Join(failure, fmt.Errorf("%v: %w", p, b.leftBehind()))
		}
		b.ended <- failure
	}()
	synctest.Test(b.t, func(*testing.T) {
		b.id.Store(ownBubble())
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			b.pulse(stop)
		}()
		failure = guarded(b.body)
		<-time.After(grace)
		close(stop)
		<-stopped
	})
}

// pulse shows that time goes on, and stops it if the bubble is given up.
func (b *bubble) pulse(stop <-chan struct{}) {
	ticker := time.NewTicker(pulse)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			b.pulses.Add(1)
		case <-stop:
			return
		}
		if b.givenUp.Load() {
			<-b.never
		}
	}
}

// guarded calls f and makes an error of a panic, which in a bubble would end the process, and of an end by [runtime.Goexit].
func guarded(f func()) error {
	ended := make(chan error, 1)
	go func() {
		err := errors.New("the body ended early, by runtime.Goexit, as FailNow does")
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
			ended <- err
		}()
		f()
		err = nil
	}()
	return <-ended
}
