package flawed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// follower follows one prefix of one cluster.
type follower struct {
	cluster *cluster
	traits  traits
	prefix  string
	state   *state
	// gone says that the revision to resume at was compacted, or may not have been reached yet after a restore, so that the prefix must be read again.
	gone bool
	// confirmed says that the last attempt succeeded for a while: the next pause is a short one.
	confirmed bool
	// settling is how long the leader must not have changed before a manager that waits for that opens another watch.
	settling time.Duration
}

// follow reads and watches the prefix again and again until ctx ends. A manager that polls only reads.
func (f *follower) follow(ctx context.Context) {
	var last *member
	wait, failures := f.traits.retry, 0
	var err error
	for lost := 0; ctx.Err() == nil; lost++ {
		if f.traits.strikes > 0 && lost == f.traits.strikes {
			<-ctx.Done()
			return
		}
		m := f.cluster.pick(last)
		if m == nil {
			pause(ctx, f.traits.retry)
			continue
		}
		last, f.confirmed = m, false
		if errors.Is(err, errMoved) {
			f.settle(ctx, m)
		}
		err = f.once(ctx, m)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			f.state.fail(f.prefix, err)
			f.cluster.left(m, err)
			// If not even a watch was created, the cluster may be away as a whole, and come back restored from a backup.
			f.gone = f.gone || !f.confirmed && !f.traits.ignoresRestore && !f.traits.ignoresCompaction
			failures++
		}
		if f.confirmed || err == nil {
			failures = 0
		}
		if f.traits.givesUp > 0 && failures >= f.traits.givesUp {
			return
		}
		switch {
		case f.traits.poll > 0:
			pause(ctx, f.traits.poll)
			continue
		case f.confirmed:
			wait = f.traits.retry
		}
		pause(ctx, wait)
		wait = max(f.traits.retry, min(2*wait, f.traits.mostRetry))
	}
}

// once reads the prefix, unless it can resume, and then watches it until the watch ends. A manager that polls only reads.
func (f *follower) once(ctx context.Context, m *member) error {
	from := f.state.reached(f.prefix)
	if from == 0 || !f.traits.resume || f.gone {
		err := f.read(ctx, m)
		switch {
		case err != nil && f.traits.withdraw:
			f.state.forget(f.prefix)
			return nil
		case err != nil:
			return fmt.Errorf("read %s: %w", f.prefix, err)
		}
		f.gone, from = false, f.state.reached(f.prefix)
	} else {
		from = f.resumeAt(from)
	}
	if f.traits.poll > 0 {
		return nil
	}
	if f.traits.fromNext {
		from++
	}
	err := f.watch(ctx, m, from)
	if errors.Is(err, rpctypes.ErrCompacted) && !f.traits.ignoresCompaction || errors.Is(err, errRestored) {
		f.gone = true
	}
	return err
}

// resumeAt is the revision at which to resume after having reached a revision. On a watch that begins after the newest revision, etcd answers no
// progress requests, so a watch resumes at the revision itself and delivers that once more.
func (f *follower) resumeAt(reached int64) int64 {
	switch {
	case f.traits.resumesFromZero:
		return 1
	case f.traits.resumesFromNow:
		return 0
	}
	return reached
}

// read reads the prefix through a member.
func (f *follower) read(ctx context.Context, m *member) (err error) {
	f.cluster.exclusively(ctx, f.traits.sharesLock, func() { err = f.readNow(ctx, m) })
	return errors.Join(err, ctx.Err())
}

func (f *follower) readNow(ctx context.Context, m *member) error {
	ctx, cancel := limited(ctx, f.traits.request)
	defer cancel()
	client, err := m.etcd(ctx)
	if err != nil {
		return err
	}
	if f.traits.showsHalf {
		return f.readInParts(ctx, client)
	}
	options := []clientv3.OpOption{clientv3.WithPrefix()}
	if f.traits.serializable {
		options = append(options, clientv3.WithSerializable())
	}
	resp, err := client.Get(ctx, f.prefix, options...)
	if err != nil {
		return err
	}
	f.state.replace(f.prefix, resp)
	return nil
}

// readInParts reads the prefix one key at a time, and shows what it has after each.
func (f *follower) readInParts(ctx context.Context, client *clientv3.Client) error {
	key, end := f.prefix, clientv3.GetPrefixRangeEnd(f.prefix)
	show, revision := f.state.replace, int64(0)
	for {
		resp, err := client.Get(ctx, key, clientv3.WithRange(end), clientv3.WithLimit(1), clientv3.WithRev(revision))
		if err != nil {
			return err
		}
		if revision == 0 {
			revision = resp.Header.Revision
		}
		show(f.prefix, resp)
		if !resp.More {
			return nil
		}
		key, show = string(resp.Kvs[0].Key)+"\x00", f.state.extend
	}
}

// watch applies events to the state until the watch ends, and returns why. When ctx ends, so does the watch.
func (f *follower) watch(ctx context.Context, m *member, from int64) error {
	client, err := m.etcd(ctx)
	if err != nil {
		return err
	}
	var left *leftWatch
	if f.traits.keepsLeftWatch {
		left = f.listen(ctx, client, from)
	}
	ctx, cancel := context.WithCancel(ctx)
	plain := ctx
	if f.traits.requireLeader {
		ctx = clientv3.WithRequireLeader(ctx)
	}
	began := time.Now()
	watcher, closeWatcher := f.watcher(client)
	defer closeWatcher()
	created := cancelAfter(f.traits.request, cancel) // Watch itself blocks until the watch is created
	responses := watcher.Watch(ctx, f.prefix, clientv3.WithPrefix(), clientv3.WithRev(from), clientv3.WithCreatedNotify())
	helpers := f.help(ctx, plain, m, client, watcher)
	defer helpers.wait()
	defer cancel()
	idle, stopIdle := after(f.idle())
	defer func() { stopIdle() }()
	leave, stay := ticks(f.traits.leave)
	defer stay()
	asked, stopAsking := ticks(f.traits.progress)
	defer stopAsking()
	for {
		select {
		case resp, ok := <-responses:
			if !ok {
				return fmt.Errorf("watch of %s ended, or was not created within %v", f.prefix, f.traits.request)
			}
			if err := resp.Err(); err != nil {
				return fmt.Errorf("watch %s: %w", f.prefix, err)
			}
			if !f.traits.resetsIdleByAsking && !(f.traits.idlesByProgress && len(resp.Events) > 0) {
				stopIdle()
				idle, stopIdle = after(f.idle())
			}
			if resp.Created {
				created()
				f.confirmed = true
				f.cluster.served(m)
				f.state.attached(f.prefix)
				continue
			}
			f.cluster.exclusively(ctx, f.traits.sharesLock || f.traits.stopsForReload, func() { f.state.take(f.prefix, resp) })
		case <-idle:
			return &idleTimeoutError{Key: f.prefix, Idle: f.traits.idle, Elapsed: time.Since(began)}
		case <-asked:
			if f.traits.resetsIdleByAsking {
				stopIdle()
				idle, stopIdle = after(f.idle())
			}
		case err := <-helpers.found:
			left.leave()
			return fmt.Errorf("watch of %s: %w", f.prefix, err)
		case <-leave:
			if time.Now().After(f.traits.settled) {
				return fmt.Errorf("gave the watch of %s up", f.prefix)
			}
		}
	}
}

// watcher is the watcher of a client. A manager that chooses its members has one for each watch, and closes the watch with its stream: a watch that
// is only canceled while clientv3 opens its stream again stays open at the member until its next event.
func (f *follower) watcher(client *clientv3.Client) (w clientv3.Watcher, end func()) {
	if !f.traits.eachMember {
		return client, func() {}
	}
	own := clientv3.NewWatcher(client)
	return own, func() { _ = own.Close() } // it returns the error of a stream that is closed anyway
}

// idle is after how long a silent watch is given up.
func (f *follower) idle() time.Duration {
	if f.traits.idlesEarly {
		return f.traits.idle / 2
	}
	return f.traits.idle
}

// limited is a context with a timeout; without one if the timeout is zero.
func limited(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, timeout)
}

// cancelAfter calls cancel after d, unless stop is called before; never if d is zero.
func cancelAfter(d time.Duration, cancel func()) (stop func()) {
	if d == 0 {
		return func() {}
	}
	timer := time.AfterFunc(d, cancel)
	return func() { timer.Stop() }
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

// idleTimeoutError says that a watch delivered nothing, progress included, for its idle timeout.
type idleTimeoutError struct {
	Key           string
	Idle, Elapsed time.Duration
}

func (e *idleTimeoutError) Error() string {
	return fmt.Sprintf("watch of %s: nothing for %v, %v after it began", e.Key, e.Idle, e.Elapsed)
}

// IdleTimeout is the idle timeout that has passed.
func (e *idleTimeoutError) IdleTimeout() time.Duration { return e.Idle }
