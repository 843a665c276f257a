// Package instance has a program that the workloads share: an instance of a service that announces itself under a lease.
package instance

import (
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/harness"
)

// Instance announces itself in a cluster under a lease and keeps the lease alive. Each time it starts, it has a new lease and a new value.
type Instance struct {
	Subject harness.Subject
	// Announce returns the next value of the subject and the operations that write it under a lease. The first operation puts a key that
	// nobody else writes. stamp is a different number at each call in a cluster.
	Announce func(stamp int64, lease clientv3.LeaseID) (value string, ops []clientv3.Op)
	// Withdraw are the operations that delete the announcement. The first deletes a key that Announce puts under the lease.
	Withdraw []clientv3.Op
	// Refresh returns operations to carry out after each refresh of the lease. Nil: none.
	Refresh func(lease clientv3.LeaseID) []clientv3.Op
	// Period is for how many load intervals the instance stays and then stays away. Zero: it stays.
	Period int
	// Updates says that the instance announces a new value at each load interval.
	Updates bool
}

// Run is the instance's program. It returns soon after ctx has ended.
func (i *Instance) Run(ctx context.Context, l *harness.Ledger) error {
	pace := l.Pace()
	defer pace.End()
	for {
		// An instance that lost its lease starts again.
		if err := i.stay(ctx, l, pace); err != nil && !errors.Is(err, harness.ErrLeaseLost) {
			return err
		}
	}
}

// stay is one stay of the instance: it announces itself, keeps its lease until its time is over, withdraws, and stays away for as long as it
// stayed.
func (i *Instance) stay(ctx context.Context, l *harness.Ledger, pace *harness.Pace) error {
	lease, err := l.Grant(ctx)
	if err != nil {
		return err
	}
	announced := l.Elapsed()
	if err := i.announce(ctx, l, lease); err != nil {
		return err
	}
	alive, err := i.keep(ctx, l, pace, lease)
	if err == nil {
		err = l.Write(ctx, i.Subject, "", i.Withdraw...)
	}
	if errors.Is(err, harness.ErrLeaseLost) {
		l.Expired(i.Subject, max(announced, alive))
	}
	if err != nil {
		return err
	}
	return i.away(ctx, l, pace)
}

// away waits until the next stay. A backup that is restored meanwhile can bring the announcement back, under a lease that nobody refreshes. Then away
// records when it is gone, and withdraws it if it is still there at the end.
func (i *Instance) away(ctx context.Context, l *harness.Ledger, pace *harness.Pace) error {
	revived := revived{instance: i, ledger: l, restores: l.Restores()}
	group, waiting := errgroup.WithContext(ctx)
	group.Go(func() error {
		for range i.Period {
			if !pace.Next(waiting) {
				return waiting.Err()
			}
		}
		return errOver
	})
	group.Go(func() error { return revived.watch(waiting) })
	if err := group.Wait(); !errors.Is(err, errOver) {
		return err
	}
	return revived.withdraw(ctx)
}

func (i *Instance) announce(ctx context.Context, l *harness.Ledger, lease clientv3.LeaseID) error {
	value, ops := i.Announce(l.Stamp(), lease)
	return l.Write(ctx, i.Subject, value, ops...)
}

// errOver ends the goroutines of a stay whose time is over.
var errOver = errors.New("the stay is over")

// keep keeps the lease and updates the announcement until it is time to withdraw. alive is the begin of the last request that found the
// lease alive. The error is [harness.ErrLeaseLost] if the lease was lost.
func (i *Instance) keep(ctx context.Context, l *harness.Ledger, pace *harness.Pace, lease clientv3.LeaseID) (alive time.Duration, err error) {
	// Leases are refreshed also while the load rests, so refreshing has a goroutine of its own.
	group, keeping := errgroup.WithContext(ctx)
	var refreshed, updated time.Duration
	var refreshing error
	group.Go(func() error {
		refreshed, refreshing = i.refresh(keeping, l, lease)
		return refreshing
	})
	group.Go(func() (err error) {
		updated, err = i.update(keeping, ctx, l, pace, lease)
		return err
	})
	err = group.Wait()
	switch {
	case errors.Is(refreshing, harness.ErrLeaseLost): // also if the stay ended at the same instant
		err = refreshing
	case errors.Is(err, errOver):
		err = nil
	}
	return max(refreshed, updated), err
}

// refresh keeps the lease alive until ctx ends. It returns the begin of the last request that found the lease alive.
func (i *Instance) refresh(ctx context.Context, l *harness.Ledger, lease clientv3.LeaseID) (alive time.Duration, err error) {
	ticker := time.NewTicker(l.RefreshInterval())
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return alive, ctx.Err()
		}
		found, err := l.KeepAlive(ctx, lease)
		if err != nil {
			return alive, err
		}
		alive = found
		if i.Refresh == nil {
			continue
		}
		if err := l.Put(ctx, i.Refresh(lease)...); err != nil {
			return alive, err
		}
	}
}

// update announces new values, if Updates is set, until the stay is over or keeping ends. It returns the begin of the last write. A write that
// has begun goes on until ctx ends or its lease is lost: after a write that was canceled, the ledger would not know whether it took effect.
func (i *Instance) update(keeping, ctx context.Context, l *harness.Ledger, pace *harness.Pace, lease clientv3.LeaseID) (alive time.Duration, err error) {
	if i.Period == 0 && !i.Updates {
		<-keeping.Done()
		return 0, keeping.Err()
	}
	for n := 0; i.Period == 0 || n < i.Period; n++ {
		if !pace.Next(keeping) {
			return alive, keeping.Err()
		}
		if !i.Updates {
			continue
		}
		begun := l.Elapsed()
		if err := i.announce(ctx, l, lease); err != nil {
			return alive, err
		}
		alive = begun
	}
	return alive, errOver
}
