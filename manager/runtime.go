package manager

import (
	"context"
	"sync"

	"go.uber.org/zap"
)

// runtime is everything the manager holds for one cluster.
type runtime struct {
	cfg       Config
	target    Target
	pool      *pool
	board     *board
	registrar *registrar

	// work ends with cancel, and tasks is everything that runs until then.
	work   context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	// gone is closed when nothing of the runtime is left.
	gone chan struct{}
}

// startRuntime begins to manage a cluster. Its registration waits until the predecessor's has stopped writing; a
// closed channel means that there is none.
func startRuntime(ctx context.Context, cfg Config, target Target, predecessor <-chan struct{}) *runtime {
	log := cfg.Logger.With(zap.String("cluster", target.Cluster))
	pool := newPool(newDialer(cfg, target), cfg.Quarantine, target.Endpoints)
	r := &runtime{
		cfg:       cfg,
		target:    target,
		pool:      pool,
		board:     newBoard(),
		registrar: newRegistrar(cfg, log, target.Cluster, pool),
		gone:      make(chan struct{}),
	}
	r.work, r.cancel = context.WithCancel(ctx)

	watch := func(prefix string, part content, place *standing) {
		w := &guardedWatch{
			cfg: cfg, log: log.With(zap.String("prefix", prefix)), cluster: target.Cluster,
			prefix: prefix, pool: pool, content: part, board: r.board, place: place,
		}
		r.tasks.Go(func() { w.run(r.work) })
	}
	watch(topologyPrefix, newTopology(), &r.board.topology)
	watch(checkpointPrefix, newCheckpoints(), &r.board.backup)
	r.tasks.Go(func() { r.pool.follow(r.work, cfg) })
	r.tasks.Go(func() { r.registrar.run(r.work, predecessor) })
	return r
}

// close ends the runtime and returns when nothing of it is left: within CloseTimeout for the lease and 5 s for
// connections that hang. An heir, if there is one, takes the registration over first, so that it does not vanish
// in between; it has half of the time to do so.
func (r *runtime) close(heir *runtime) {
	defer close(r.gone)
	r.cancel()
	r.tasks.Wait()
	// The manager's context has ended when the manager closes, and the lease must be revoked all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.work), r.cfg.CloseTimeout)
	defer cancel()
	if heir != nil {
		r.bequeath(ctx, heir)
	}
	r.registrar.withdraw(ctx)
	r.pool.close()
}

func (r *runtime) bequeath(ctx context.Context, heir *runtime) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.CloseTimeout/2)
	defer cancel()
	select {
	case <-heir.registrar.registered:
	case <-heir.registrar.stopped:
	case <-ctx.Done():
	}
}
