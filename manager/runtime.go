package manager

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// runtime is everything the manager holds for one cluster.
type runtime struct {
	target       Target
	closeTimeout time.Duration
	metrics      *metrics
	client       *guard.Client
	watches      []*guard.Watch
	registrar    *registrar
	// network, gate and http serve the handles, see Cluster.
	network *network
	gate    *gate
	http    *sharedHTTP

	// work ends with cancel, and registering is what runs until then.
	work        context.Context
	cancel      context.CancelFunc
	registering sync.WaitGroup
	// gone is closed when nothing of the runtime is left.
	gone chan struct{}

	// From seen on, mu guards the fields.
	mu   sync.Mutex
	seen View
	// rose is when each watch reached its revision. histories is the History of the predecessor's last view, or one more if
	// the cluster was restored since: the client counts from zero.
	rose      map[string]time.Time
	histories int
}

// startRuntime begins to manage a cluster. Its registration waits until the predecessor's has stopped writing; a
// closed channel means that there is none. The caller holds the manager's lock.
func startRuntime(m *Manager, target Target, tenure uint64, predecessor <-chan struct{}) (*runtime, error) {
	cfg := m.cfg
	network, gate := newNetwork(cfg.Watch.DialTimeout, target), newGate()
	stats := m.metrics.stats(target.Cluster)
	client, err := guard.Open(guard.Config{
		Cluster:     target.Cluster,
		Endpoints:   target.Endpoints,
		TLS:         target.TLS,
		Credentials: network.credentials(),
		Username:    target.Username,
		Password:    target.Password,
		DialOptions: append(network.dialOptions(), target.DialOptions...),
		Options:     cfg.Watch,
		Logger:      cfg.Logger,
		Stats:       stats,
		Rand:        cfg.Rand,
	})
	if err != nil {
		return nil, fmt.Errorf("cluster %q: %w", target.Cluster, err)
	}
	r := &runtime{
		target:       target,
		closeTimeout: cfg.CloseTimeout,
		metrics:      m.metrics,
		client:       client,
		registrar:    newRegistrar(cfg, target.Cluster, client),
		network:      network,
		gate:         gate,
		http:         newSharedHTTP(gate, network),
		gone:         make(chan struct{}),
		seen:         newView(cfg.Prefixes, tenure),
		rose:         make(map[string]time.Time),
	}
	r.work, r.cancel = context.WithCancel(m.work)
	m.metrics.enter(r)
	for _, prefix := range cfg.Prefixes {
		r.watches = append(r.watches, client.Watch(prefix, func(s guard.Snapshot) { m.publish(r, prefix, s) }))
	}
	r.registering.Go(func() { r.registrar.run(r.work, predecessor) })
	return r, nil
}

// view is what the runtime knows now. A watch does not call back if only Proven has changed, so view reads Proven from the
// watches.
func (r *runtime) view() View {
	r.mu.Lock()
	v, histories := r.seen, r.histories
	r.mu.Unlock()
	v.Prefixes = maps.Clone(v.Prefixes)
	for _, w := range r.watches {
		seen, now := v.Prefixes[w.Prefix()], w.Snapshot()
		// A snapshot that has not reached the view yet must not contribute its proof either.
		if seen.Revision == now.Revision && seen.History == now.History+histories {
			seen.Proven = now.Proven
			v.Prefixes[w.Prefix()] = seen
		}
	}
	return v
}

// see updates the view by a snapshot of one watch.
func (r *runtime) see(prefix string, s guard.Snapshot) View {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.History += r.histories
	if before := r.seen.Prefixes[prefix]; s.Revision != before.Revision || s.History != before.History {
		r.rose[prefix] = time.Now()
	}
	r.seen = r.seen.with(prefix, s)
	return r.seen
}

// succeed makes the view of a successor follow that of the current runtime, if it may. ok says whether it may.
func (r *runtime) succeed(current *runtime) (v View, ok bool) {
	old := current.view()
	current.mu.Lock()
	rose := maps.Clone(current.rose)
	current.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	may, restored := r.seen.mayReplace(old, rose)
	if !may {
		return View{}, false
	}
	for _, s := range old.Prefixes {
		r.histories = max(r.histories, s.History)
	}
	if restored {
		r.histories++
	}
	for prefix, s := range r.seen.Prefixes {
		s.History += r.histories
		r.seen = r.seen.with(prefix, s)
	}
	return r.seen, true
}

// stop cancels everything that the runtime does, and makes its handles fail. It does not block.
func (r *runtime) stop(reason *ClusterGoneError) {
	r.cancel()
	r.gate.shut(reason)
}

// close closes the runtime, which must have been stopped, and blocks until nothing of it is left: for at most CloseTimeout
// to revoke the lease and guard.CloseGrace to close the connections. If there is a successor, close first waits until it has
// registered, for at most half of CloseTimeout, so that the registration does not disappear in between.
func (r *runtime) close(successor *runtime) {
	defer close(r.gone)
	defer r.metrics.leave(r)
	for _, w := range r.watches {
		w.Close()
	}
	r.registering.Wait()
	// The manager's context has ended if the manager is closing, but the lease must be revoked all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.work), r.closeTimeout)
	defer cancel()
	if successor != nil {
		r.awaitRegistered(ctx, successor)
	}
	r.registrar.withdraw(ctx)
	// No call may use a closed client. All calls are canceled by now, and the gate admits no further ones.
	r.gate.wait()
	r.http.close()
	_ = r.client.Close()
}

func (r *runtime) awaitRegistered(ctx context.Context, successor *runtime) {
	ctx, cancel := context.WithTimeout(ctx, r.closeTimeout/2)
	defer cancel()
	select {
	case <-successor.registrar.registered:
	case <-successor.registrar.stopped:
	case <-ctx.Done():
	}
}
