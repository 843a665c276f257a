// Package instance has the program that the workloads share: an instance of a service that announces itself under a lease.
package instance

import (
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/harness"
)

// Instance announces itself in a cluster under a lease and keeps that alive. Each time it starts it has a new lease and a new value.
type Instance struct {
	Subject harness.Subject
	// Announce says what value the subject has next, and which operations give it that under a lease. The first of them puts a key that
	// nobody else writes. stamp is a number that the cluster has not given out before.
	Announce func(stamp int64, lease clientv3.LeaseID) (value string, ops []clientv3.Op)
	// Withdraw are the operations that take the announcement back; the first deletes the key that Announce puts first.
	Withdraw []clientv3.Op
	// Refresh are operations to be carried out each time that the lease was refreshed. Nil: none.
	Refresh func(lease clientv3.LeaseID) []clientv3.Op
	// Period is for how many load intervals the instance stays, and then stays away. Zero: it stays for good.
	Period int
	// Updates says that the instance announces a new value at each step of its pace.
	Updates bool
}

// Run is the instance's program. It returns soon after ctx has ended.
func (i *Instance) Run(ctx context.Context, l *harness.Ledger) error {
	pace := l.Pace()
	defer pace.End()
	for {
		// An instance whose lease was lost starts anew.
		if err := i.stay(ctx, l, pace); err != nil && !errors.Is(err, harness.ErrLeaseLost) {
			return err
		}
	}
}

// stay is one stay of the instance: it announces itself, lives, withdraws, and is away for as long as it stayed.
func (i *Instance) stay(ctx context.Context, l *harness.Ledger, pace *harness.Pace) error {
	lease, err := l.Grant(ctx)
	if err != nil {
		return err
	}
	announced := l.Elapsed()
	if err := i.announce(ctx, l, lease); err != nil {
		return err
	}
	alive, err := i.live(ctx, l, pace, lease)
	if err == nil {
		// A key that went with its lease cannot be told from one that was deleted, so the lease is asked for right before.
		_, err = l.KeepAlive(ctx, lease)
	}
	if errors.Is(err, harness.ErrLeaseLost) {
		l.Expired(i.Subject, max(announced, alive))
	}
	if err != nil {
		return err
	}
	if err := l.Write(ctx, i.Subject, "", i.Withdraw...); err != nil {
		return err
	}
	for range i.Period {
		if !pace.Next(ctx) {
			return ctx.Err()
		}
	}
	return nil
}

func (i *Instance) announce(ctx context.Context, l *harness.Ledger, lease clientv3.LeaseID) error {
	value, ops := i.Announce(l.Stamp(), lease)
	return l.Write(ctx, i.Subject, value, ops...)
}

// errOver ends the goroutines of a stay whose time is over.
var errOver = errors.New("the stay is over")

// live keeps the lease and the announcement until it is time to withdraw. An error that is [harness.ErrLeaseLost] comes with the begin of the
// last request that found the lease alive.
func (i *Instance) live(ctx context.Context, l *harness.Ledger, pace *harness.Pace, lease clientv3.LeaseID) (alive time.Duration, err error) {
	// Leases are refreshed while the load rests, so refreshing has a goroutine of its own.
	group, living := errgroup.WithContext(ctx)
	var refreshed, updated time.Duration
	var refreshing error
	group.Go(func() error {
		refreshed, refreshing = i.refresh(living, l, lease)
		return refreshing
	})
	group.Go(func() (err error) {
		updated, err = i.update(living, l, pace, lease)
		return err
	})
	err = group.Wait()
	switch {
	case errors.Is(refreshing, harness.ErrLeaseLost): // even if the stay was over at the same instant
		err = refreshing
	case errors.Is(err, errOver):
		err = nil
	}
	return max(refreshed, updated), err
}

// refresh keeps the lease alive until ctx ends, and returns the begin of the last request that found it so.
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

// update announces new values, if the instance does so, until its time is over, and returns the begin of the last write.
func (i *Instance) update(ctx context.Context, l *harness.Ledger, pace *harness.Pace, lease clientv3.LeaseID) (alive time.Duration, err error) {
	if i.Period == 0 && !i.Updates {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	for n := 0; i.Period == 0 || n < i.Period; n++ {
		if !pace.Next(ctx) {
			return alive, ctx.Err()
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
