package flawed

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// follower follows one prefix of one cluster.
type follower struct {
	traits traits
	client *clientv3.Client
	prefix string
	state  *state
}

// follow reads and watches the prefix again and again until ctx ends. A manager that polls only reads.
func (f *follower) follow(ctx context.Context) {
	for ctx.Err() == nil {
		err := f.once(ctx)
		if err != nil && ctx.Err() == nil {
			f.state.fail(f.prefix, err)
		}
		pause := f.traits.retry
		if f.traits.poll > 0 {
			pause = f.traits.poll
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// once reads the prefix once and then watches it until the watch ends. A manager that polls only reads.
func (f *follower) once(ctx context.Context) error {
	revision, err := f.read(ctx)
	if err != nil {
		if f.traits.withdraw {
			f.state.forget(f.prefix)
			return nil
		}
		return fmt.Errorf("read %s: %w", f.prefix, err)
	}
	if f.traits.poll > 0 {
		return nil
	}
	return f.watch(ctx, revision+1)
}

func (f *follower) read(ctx context.Context) (revision int64, err error) {
	if f.traits.request > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.traits.request)
		defer cancel()
	}
	resp, err := f.client.Get(ctx, f.prefix, clientv3.WithPrefix())
	if err != nil {
		return 0, err
	}
	f.state.replace(f.prefix, resp)
	return resp.Header.Revision, nil
}

// watch applies events to the state until the watch ends.
func (f *follower) watch(ctx context.Context, from int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if f.traits.requireLeader {
		ctx = clientv3.WithRequireLeader(ctx)
	}
	options := []clientv3.OpOption{clientv3.WithPrefix(), clientv3.WithRev(from)}
	if f.traits.progress > 0 {
		options = append(options, clientv3.WithProgressNotify())
	}
	responses := f.client.Watch(ctx, f.prefix, options...)
	progress, stopProgress := ticks(f.traits.progress)
	defer stopProgress()
	idle, stopIdle := after(f.traits.idle)
	defer func() { stopIdle() }()
	leave, stay := ticks(f.traits.leave)
	defer stay()
	began := time.Now()
	for {
		select {
		case resp, ok := <-responses:
			if !ok {
				return fmt.Errorf("watch of %s ended", f.prefix)
			}
			if err := resp.Err(); err != nil {
				return fmt.Errorf("watch %s: %w", f.prefix, err)
			}
			stopIdle()
			idle, stopIdle = after(f.traits.idle)
			f.state.apply(f.prefix, resp)
		case <-progress:
			if err := f.client.RequestProgress(ctx); err != nil {
				return fmt.Errorf("ask for progress of %s: %w", f.prefix, err)
			}
		case <-idle:
			return &IdleTimeoutError{Key: f.prefix, Idle: f.traits.idle, Elapsed: time.Since(began)}
		case <-leave:
			if time.Now().After(f.traits.settled) {
				return fmt.Errorf("gave the watch of %s up", f.prefix)
			}
		}
	}
}

// ticks returns a channel that ticks at an interval; never if the interval is zero.
func ticks(every time.Duration) (<-chan time.Time, func()) {
	if every == 0 {
		return nil, func() {}
	}
	ticker := time.NewTicker(every)
	return ticker.C, ticker.Stop
}

// after returns a channel that fires once after d; never if d is zero.
func after(d time.Duration) (<-chan time.Time, func()) {
	if d == 0 {
		return nil, func() {}
	}
	timer := time.NewTimer(d)
	return timer.C, func() { timer.Stop() }
}

// IdleTimeoutError says that a watch delivered nothing, progress included, for its idle timeout.
type IdleTimeoutError struct {
	Key           string
	Idle, Elapsed time.Duration
}

func (e *IdleTimeoutError) Error() string {
	return fmt.Sprintf("watch of %s: nothing for %v, %v after it began", e.Key, e.Idle, e.Elapsed)
}

// IdleTimeout is the idle timeout that has passed.
func (e *IdleTimeoutError) IdleTimeout() time.Duration { return e.Idle }
