package manager

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// registrar keeps the registration in one cluster.
type registrar struct {
	cfg    Config
	log    *zap.Logger
	client *guard.Client

	// registered is closed when the keys were written for the first time, or when it is known that there are none to write.
	registered chan struct{}
	// stopped is closed when run has ended: from then on this registrar writes nothing.
	stopped chan struct{}
	// lease is the last one asked for, former are those of earlier registrations, not yet revoked. Only run writes them,
	// only withdraw reads them, after stopped.
	lease  *lease
	former []*lease

	// From wanted on, mu guards the fields.
	mu sync.Mutex
	// wanted is the registration to keep. replaced cancels the work on the one before.
	wanted   Registration
	replaced context.CancelFunc
}

func newRegistrar(cfg Config, cluster string, client *guard.Client) *registrar {
	return &registrar{
		cfg: cfg, log: cfg.Logger.With(zap.String("cluster", cluster)), client: client, wanted: cfg.Registration,
		registered: make(chan struct{}),
		stopped:    make(chan struct{}),
	}
}

// replace sets another registration to keep. It does not block.
func (r *registrar) replace(to Registration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wanted = to
	if r.replaced != nil {
		r.replaced()
	}
}

// next returns the registration to keep, and a context that ends when it is replaced.
func (r *registrar) next(ctx context.Context) (context.Context, context.CancelFunc, Registration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ctx, r.replaced = context.WithCancel(ctx)
	return ctx, r.replaced, r.wanted
}

// run keeps the wanted registration until ctx ends. It starts after its predecessor has stopped writing the same keys.
func (r *registrar) run(ctx context.Context, predecessor <-chan struct{}) {
	defer close(r.stopped)
	select {
	case <-predecessor:
	case <-ctx.Done():
	}
	for ctx.Err() == nil {
		serving, end, wanted := r.next(ctx)
		r.serve(serving, wanted)
		end()
	}
}

// serve registers, and registers again whenever the lease is lost, until ctx ends. The keys of a former registration
// stay until the new ones are written, so that the instance is always registered.
func (r *registrar) serve(ctx context.Context, wanted Registration) {
	if r.lease != nil && !r.lease.registration.same(wanted) {
		r.former = append(r.former, r.lease)
		r.lease = nil
	}
	if wanted.empty() {
		r.settle()
		for r.dropFormer(ctx); len(r.former) > 0 && guard.Pause(ctx, r.cfg.RefreshInterval); {
			r.dropFormer(ctx)
		}
		<-ctx.Done()
		return
	}
	retry := guard.Backoff{Base: r.cfg.Watch.BackoffBase, Limit: r.cfg.Watch.BackoffCap, Rand: r.cfg.Rand}
	for ctx.Err() == nil {
		if r.lease == nil {
			// The id is not drawn from Config.Rand: two instances with the same source of jitter must not share a lease.
			r.lease = &lease{id: rand.Int64N(1<<62) + 1, ttl: r.cfg.LeaseTTL, registration: wanted}
		}
		if !r.establish(ctx) {
			guard.Pause(ctx, retry.Next())
			continue
		}
		retry.Reset()
		r.settle()
		r.keep(ctx)
	}
}

func (r *registrar) settle() {
	select {
	case <-r.registered:
	default:
		close(r.registered)
	}
}

// establish grants the lease and writes the keys.
func (r *registrar) establish(ctx context.Context) bool {
	if !r.lease.granted {
		if err := r.try(ctx, "grant lease", r.lease, r.lease.grant); err != nil {
			return false
		}
		r.lease.granted = true
	}
	if err := r.try(ctx, "register", r.lease, r.lease.refresh); err != nil {
		r.forgetLost(err)
		return false
	}
	return true
}

// keep refreshes the registration until its lease is lost or ctx ends.
func (r *registrar) keep(ctx context.Context) {
	r.dropFormer(ctx)
	for wait := r.cfg.RefreshInterval; guard.Pause(ctx, wait); {
		err := r.try(ctx, "refresh registration", r.lease, r.lease.refresh)
		if r.forgetLost(err) {
			return
		}
		wait = r.cfg.RefreshInterval
		if err != nil {
			// The lease may not have expired yet, so try again soon.
			wait = r.cfg.RegisterPause
			continue
		}
		r.dropFormer(ctx)
	}
}

// dropFormer revokes the leases of former registrations. A lease that cannot be revoked now is tried again later, or
// expires meanwhile, since nobody refreshes it.
func (r *registrar) dropFormer(ctx context.Context) {
	r.former = slices.DeleteFunc(r.former, func(l *lease) bool {
		return r.try(ctx, "revoke lease", l, l.revoke) == nil
	})
}

func (r *registrar) forgetLost(err error) bool {
	if !leaseLost(err) {
		return false
	}
	r.log.Warn("registration lost its lease", guard.Where{Key: r.lease.registration.name()}.FieldsOf(err)...)
	r.lease = nil
	return true
}

// try makes a request through one member after another, each with its own timeout, so that a hung member costs one try
// and not the lease. The answer that the lease does not exist ends the tries.
func (r *registrar) try(ctx context.Context, op string, l *lease, call guard.Call) error {
	attempts := r.client.Attempts(op, l.registration.name())
	var err error
	for n := range r.cfg.RegisterTries {
		if n > 0 && !guard.Pause(ctx, r.cfg.RegisterPause) {
			return ctx.Err()
		}
		err = attempts.Next(ctx, r.cfg.RegisterTimeout, call)
		if err == nil || leaseLost(err) || ctx.Err() != nil {
			return err
		}
		r.log.Warn("registration is delayed", guard.Where{Key: l.registration.name()}.FieldsOf(err)...)
	}
	return err
}
