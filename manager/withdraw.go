package manager

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// withdraw revokes the lease and former ones, so that the keys under them are deleted at once. It blocks no longer than
// ctx. Keys whose lease could not be revoked by then expire with it.
func (r *registrar) withdraw(ctx context.Context) {
	leases := r.former
	if r.lease != nil {
		leases = append(leases, r.lease)
	}
	var revoking sync.WaitGroup
	for _, l := range leases {
		revoking.Go(func() {
			if err := r.revoke(ctx, l); err != nil && l.granted {
				r.log.Warn("registration is left to its lease's expiry",
					guard.Where{Key: l.registration.name()}.FieldsOf(err, zap.Duration("ttl", r.cfg.LeaseTTL))...)
			}
		})
	}
	revoking.Wait()
}

// revoke asks the members to revoke a lease until one has done so. It does not wait for a member that does not answer: after
// a share of CloseTimeout the next one is asked too. The share is such that all members are asked within half of
// CloseTimeout, so that silent members delay the revocation and do not prevent it. Asking several at once does no harm,
// since a lease can be revoked only once.
//
// If all members failed, the next round begins after RegisterPause. A lease whose grant was never confirmed may exist all
// the same, but revoke makes only one round for it.
func (r *registrar) revoke(ctx context.Context, l *lease) error {
	ctx, cancel := context.WithCancel(ctx)
	attempts := r.client.Attempts("revoke lease", l.registration.name())
	answers := make(chan error)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()

	members := len(r.client.Endpoints())
	share := r.cfg.CloseTimeout / time.Duration(2*members)
	next := time.NewTimer(0)
	defer next.Stop()
	asked, open, failure := 0, 0, ctx.Err()
	for {
		select {
		case <-next.C:
			asked++
			open++
			asking.Go(func() {
				err := attempts.Next(ctx, r.cfg.RegisterTimeout, l.revoke)
				select {
				case answers <- err:
				case <-ctx.Done():
				}
			})
			switch {
			case asked%members != 0:
				next.Reset(share)
			case l.granted:
				next.Reset(max(share, r.cfg.RegisterPause))
			}
		case err := <-answers:
			open--
			if err == nil {
				return nil
			}
			failure = err
			switch {
			case asked%members != 0:
				next.Reset(0)
			case open > 0:
			case !l.granted:
				return failure
			default:
				next.Reset(r.cfg.RegisterPause)
			}
		case <-ctx.Done():
			if failure == nil {
				failure = ctx.Err()
			}
			return failure
		}
	}
}
