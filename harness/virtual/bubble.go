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

// grace is how long, in virtual time, goroutines may take to end after the body has returned. It is longer than any timeout that etcd or
// gRPC waits for by itself.
const grace = 30 * time.Second

const (
	// patience is how long, by the wall clock, virtual time may stand still before the bubble counts as stuck. It stands still while a
	// goroutine in the bubble waits for something outside it, such as a socket or a lock, or does not wait at all.
	patience = 30 * time.Second
	// pulse is how often, in virtual time, the bubble shows that its time goes on.
	pulse = time.Second
	// margin is how long before the test's deadline the bubble is given up, so that an error can still say where the body was.
	margin = 10 * time.Second
)

// Run calls body in a bubble, in which time passes only while every goroutine waits, and blocks until the bubble has ended. If goroutines
// do not end after the body, the error names them. If virtual time stands still, Run abandons the bubble and returns a [StuckError] that
// names the goroutines that cause it. Run must be called by the goroutine of the test that the engine was made for.
func (e *Engine) Run(body func()) error {
	if err := errors.Join(checkValCtx(), checkWatchBatch()); err != nil {
		return err
	}
	defer seedRandomness(e.t, e.seed)()
	if err := seedFailpoints(e.seed); err != nil {
		return err
	}
	defer oneProcessor()()
	refusing := new(refusingServer)
	defer dialByDefault(refusing.option())()
	b := newBubble(e.t, func() {
		defer refusing.close()
		body()
	})
	if deadline, ok := e.t.Deadline(); ok {
		left := time.Until(deadline)
		b.limit = left - min(margin, left/2)
	}
	return b.run()
}

// oneProcessor sets GOMAXPROCS to 1 until restore is called. Most goroutines here pass something on and then wait, which takes a quarter
// more time with two processors. With one, simultaneous events also happen in fewer different orders.
func oneProcessor() (restore func()) {
	before := runtime.GOMAXPROCS(1)
	return func() { runtime.GOMAXPROCS(before) }
}

// bubble runs a body in virtual time and checks, from outside, that its time goes on.
type bubble struct {
	t        *testing.T
	body     func()
	patience time.Duration
	limit    time.Duration // how long it may take in all, by the wall clock; zero: no limit
	id       atomic.Uint64
	pulses   atomic.Uint64
	givenUp  atomic.Bool
	ended    chan error
	never    chan struct{} // never closed; made outside the bubble, so a goroutine that waits for it stops virtual time
}

func newBubble(t *testing.T, body func()) *bubble {
	return &bubble{t: t, body: body, patience: patience, ended: make(chan error, 1), never: make(chan struct{})}
}

// run blocks until the bubble has ended, is stuck, or has reached its limit.
func (b *bubble) run() error {
	go b.inside() // in its own goroutine, which run abandons if the bubble is stuck
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
				return &StuckError{For: b.patience, busy: b.busy()}
			}
		}
	}
}

// inside runs the body in a synctest bubble and reports how the bubble ended.
func (b *bubble) inside() {
	var failure error
	defer func() {
		if p := recover(); p != nil { // synctest panics when goroutines wait for ever
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

// pulse counts up while virtual time passes, and stops virtual time once the bubble is given up.
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

// guarded calls f. It returns an error if f panics, which in a bubble would end the process, or calls [runtime.Goexit].
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
