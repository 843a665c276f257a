package instance

import (
	"context"
	"errors"
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// revived is the announcement of an instance that is away, if a backup has brought it back.
type revived struct {
	instance *Instance
	ledger   *harness.Ledger
	// restores is how often the cluster had been restored when the key was last looked for. found says that it was there, and alive when.
	restores int
	found    bool
	alive    time.Duration
}

// watch looks for the key after each restore, and then again and again while it is there. It returns when ctx ends.
func (r *revived) watch(ctx context.Context) error {
	ticker := time.NewTicker(r.ledger.RefreshInterval())
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := r.look(ctx); err != nil {
			return err
		}
	}
}

// look looks for the key if it may be there, and records that it is gone if it was there.
func (r *revived) look(ctx context.Context) error {
	restores, begun := r.ledger.Restores(), r.ledger.Elapsed()
	if restores == r.restores && !r.found {
		return nil
	}
	_, found, err := r.ledger.Get(ctx, string(r.instance.Withdraw[0].KeyBytes()))
	if err != nil {
		return err
	}
	if r.found && !found && restores == r.restores { // what a restore undoes is recorded with the restore
		r.ledger.Expired(r.instance.Subject, r.alive)
	}
	r.restores, r.found, r.alive = restores, found, begun
	return nil
}

// withdraw deletes the key if it is there.
func (r *revived) withdraw(ctx context.Context) error {
	if err := r.look(ctx); err != nil || !r.found {
		return err
	}
	err := r.ledger.Write(ctx, r.instance.Subject, "", r.instance.Withdraw...)
	if errors.Is(err, harness.ErrLeaseLost) {
		r.ledger.Expired(r.instance.Subject, r.alive)
		return nil
	}
	return err
}
