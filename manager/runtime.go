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
	// network, gate and http serve the handles, see Cluster.
	network *network
	gate    *gate
	http    *sharedHTTP

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
	network, gate := newNetwork(cfg, target), newGate()
	pool := newPool(newDialer(cfg, target, network), cfg.Quarantine, target.Endpoints)
	r := &runtime{
		cfg:       cfg,
		target:    target,
		pool:      pool,
		board:     newBoard(cfg.Keyspaces),
		registrar: newRegistrar(cfg, log, target.Cluster, pool),
		network:   network,
		gate:      gate,
		http:      newSharedHTTP(gate, network),
		gone:      make(chan struct{}),
	}
	r.work, r.cancel = context.WithCancel(ctx)
	tally := cfg.metrics.enter(target.Cluster, r.board, pool)

	watch := func(prefix string, part content, place *standing) {
		w := &guardedWatch{
			cfg: cfg, log: log, cluster: target.Cluster,
			prefix: prefix, pool: pool, content: part, board: r.board, place: place, tally: tally,
		}
		r.tasks.Go(func() { w.run(r.work) })
	}
	backends := &directory{}
	watch(topologyPrefix, newTopologyIn(backends), &r.board.topology)
	if cfg.Keyspaces {
		watch(keyspacePrefix, newKeyspacesIn(backends), &r.board.keyspaces)
	}
	watch(checkpointPrefix, newCheckpoints(), &r.board.backup)
	r.tasks.Go(func() { r.pool.follow(r.work, cfg) })
	r.tasks.Go(func() { r.registrar.run(r.work, predecessor) })
	return r
}

// dismiss ends everything that the runtime does and is asked to do, without waiting for it.
func (r *runtime) dismiss(reason *ClusterGoneError) {
	r.cancel()
	r.gate.shut(reason)
}

// close ends the runtime, which must have been dismissed, and returns when nothing of it is left: within CloseTimeout for the lease and 5 s for
// connections that hang. An heir, if there is one, takes the registration over first, so that it does not vanish
// in between; it has half of the time to do so.
func (r *runtime) close(heir *runtime) {
	defer close(r.gone)
	defer r.cfg.metrics.leave(r.target.Cluster, r.board)
	r.tasks.Wait()
	// The manager's context has ended when the manager closes, and the lease must be revoked all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.work), r.cfg.CloseTimeout)
	defer cancel()
	if heir != nil {
		r.bequeath(ctx, heir)
	}
	r.registrar.withdraw(ctx)
	// Nobody's call may meet a closed client: all of them are canceled by now, and none is let in any more.
	r.gate.wait()
	r.http.close()
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
