package flawed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// runtime is one cluster's client and watches.
type runtime struct {
	traits  traits
	cluster string
	client  *clientv3.Client
	state   *state
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// close ends the watches and the client and blocks until both are gone.
func (r *runtime) close() error {
	r.cancel()
	err := r.client.Close()
	r.running.Wait()
	if errors.Is(err, context.Canceled) {
		return nil // that is how a client says that it is closed
	}
	return err
}

// follow reads a prefix and watches it, again and again until the runtime is closed.
func (r *runtime) follow(prefix string) {
	for r.ctx.Err() == nil {
		if err := r.readAndWatch(prefix); err != nil && r.ctx.Err() == nil {
			r.state.fail(err)
		}
		timer := time.NewTimer(r.traits.retry)
		select {
		case <-timer.C:
		case <-r.ctx.Done():
		}
		timer.Stop()
	}
}

func (r *runtime) readAndWatch(prefix string) error {
	ctx := r.ctx
	if r.traits.request > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.traits.request)
		defer cancel()
	}
	resp, err := r.client.Get(ctx, prefix, clientv3.WithPrefix())
	if err != nil {
		return fmt.Errorf("cluster %s: read %s: %w", r.cluster, prefix, err)
	}
	r.state.replace(prefix, resp)
	return r.watch(prefix, resp.Header.Revision+1)
}

// watch hands on events until the watch ends.
func (r *runtime) watch(prefix string, from int64) error {
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	if r.traits.requireLeader {
		ctx = clientv3.WithRequireLeader(ctx)
	}
	options := []clientv3.OpOption{clientv3.WithPrefix(), clientv3.WithRev(from)}
	if r.traits.progress > 0 {
		options = append(options, clientv3.WithProgressNotify())
	}
	responses := r.client.Watch(ctx, prefix, options...)
	progress, stopProgress := ticks(r.traits.progress)
	defer stopProgress()
	idle, stopIdle := after(r.traits.idle)
	defer func() { stopIdle() }()
	began := time.Now()
	for {
		select {
		case resp, ok := <-responses:
			if !ok {
				return fmt.Errorf("cluster %s: watch of %s ended", r.cluster, prefix)
			}
			if err := resp.Err(); err != nil {
				return fmt.Errorf("cluster %s: watch %s: %w", r.cluster, prefix, err)
			}
			stopIdle()
			idle, stopIdle = after(r.traits.idle)
			r.state.apply(prefix, resp)
		case <-progress:
			if err := r.client.RequestProgress(ctx); err != nil {
				return fmt.Errorf("cluster %s: ask for progress of %s: %w", r.cluster, prefix, err)
			}
		case <-idle:
			return &IdleTimeoutError{Cluster: r.cluster, Key: prefix, Idle: r.traits.idle, Elapsed: time.Since(began)}
		}
	}
}

// ticks is a channel that ticks, or never if every is zero.
func ticks(every time.Duration) (<-chan time.Time, func()) {
	if every == 0 {
		return nil, func() {}
	}
	ticker := time.NewTicker(every)
	return ticker.C, ticker.Stop
}

// after is a channel that fires once, or never if d is zero.
func after(d time.Duration) (<-chan time.Time, func()) {
	if d == 0 {
		return nil, func() {}
	}
	timer := time.NewTimer(d)
	return timer.C, func() { timer.Stop() }
}

// IdleTimeoutError says that a watch delivered nothing, progress included, for its idle timeout.
type IdleTimeoutError struct {
	Cluster, Key  string
	Idle, Elapsed time.Duration
}

func (e *IdleTimeoutError) Error() string {
	return fmt.Sprintf("cluster %s: watch of %s: nothing for %v, %v after it began", e.Cluster, e.Key, e.Idle, e.Elapsed)
}

// IdleTimeout is the timeout that fired.
func (e *IdleTimeoutError) IdleTimeout() time.Duration { return e.Idle }
