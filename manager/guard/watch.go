package guard

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Snapshot is what a watch knows at one instant. It is shared between all who ask, and must not be changed.
type Snapshot struct {
	// Values are the keys under the prefix that exist, by key. Never nil. A change copies the map, which thousands of keys
	// do not feel and hundreds of thousands do.
	Values map[string]Value
	// Revision of the cluster up to which Values is known to be complete. It never lowers. Zero until the cluster
	// answered.
	Revision int64
	// Healthy is true while the watch is attached to a member, a hedged one to at least one. It says that updates are
	// on their way, not that they are here: a member that went silent or stale is found out within the idle timeout or
	// a probe. Proven says how old the last proof is.
	Healthy bool
	// Endpoint is the member that the watch is attached to, the first of two if hedged; empty while it is attached to
	// none.
	Endpoint string
	// Proven is when Values was last known to be complete: when the last linearizable read began that showed nothing more.
	// Zero until the cluster answered.
	Proven time.Time
	// ClusterID is etcd's own, to tell one cluster from another at the same endpoints; zero until the cluster answered.
	ClusterID uint64
	// Err is the last thing that went wrong. It stays after recovery, until something else goes wrong.
	Err error
}

// Watch follows the keys under a prefix. Its methods may be called concurrently.
type Watch struct {
	client  *Client
	cfg     Config
	log     *zap.Logger
	prefix  string
	changed func(Snapshot)
	readers []*reader

	cancel context.CancelFunc
	// ended is closed when nothing of the watch is left.
	ended chan struct{}
	shown atomic.Pointer[Snapshot]
	calls calls

	// From state on, mu guards the fields. It is never held while waiting.
	mu     sync.Mutex
	state  state
	prober prober
}

func newWatch(c *Client, prefix string, changed func(Snapshot)) *Watch {
	w := &Watch{
		client: c, cfg: c.cfg, log: c.log, prefix: prefix, changed: changed, ended: make(chan struct{}),
	}
	readers := 1
	if c.cfg.Options.Hedged {
		readers = 2
	}
	w.state = newState(readers)
	for _, p := range w.state.positions {
		w.readers = append(w.readers, &reader{watch: w, position: p, mustRead: true})
	}
	first := w.state.show()
	first.Err = ErrPending
	w.shown.Store(&first)
	return w
}

// Prefix is what is watched.
func (w *Watch) Prefix() string { return w.prefix }

// Snapshot is what the watch knows now. It does not block, and is cheap enough to be polled.
func (w *Watch) Snapshot() Snapshot { return *w.shown.Load() }

// Close ends the watch and returns when nothing of it is left, which no member can delay. Its last snapshot stays
// readable.
func (w *Watch) Close() {
	w.cancel()
	<-w.ended
}

// run follows the prefix until ctx ends, and returns when nothing of the watch is left.
func (w *Watch) run(ctx context.Context) {
	var running sync.WaitGroup
	for _, r := range w.readers {
		running.Go(func() { r.run(ctx) })
	}
	running.Wait()
}

// update changes the state, shows what it is then, with an error unless that is nil, and tells the one who watches. The
// change must not wait.
func (w *Watch) update(err error, change func(s *state)) {
	w.mu.Lock()
	change(&w.state)
	before, next := w.shown.Load(), w.state.show()
	next.Err = before.Err
	switch {
	case err != nil:
		next.Err = err
	case next.Revision > 0 && errors.Is(next.Err, ErrPending):
		next.Err = nil
	}
	w.shown.Store(&next)
	if w.changed != nil && (err != nil || w.state.touched || !before.equal(next)) {
		w.calls.add(next)
	}
	w.state.touched = false
	w.mu.Unlock()
	w.calls.run(w.changed)
}

// equal leaves Values and Proven out.
func (s *Snapshot) equal(o Snapshot) bool {
	return s.Revision == o.Revision && s.Healthy == o.Healthy && s.Endpoint == o.Endpoint && s.ClusterID == o.ClusterID && s.Err == o.Err
}

func (w *Watch) where(m *member, since time.Time) Where {
	return Where{Cluster: w.cfg.Cluster, Endpoint: m.endpoint, Key: w.prefix, Elapsed: time.Since(since)}
}

// calls hands snapshots to a function, one at a time and in order, although several goroutines bring them.
type calls struct {
	// From pending on, mu guards the fields. It is not held during a call.
	mu      sync.Mutex
	pending []Snapshot
	calling bool
}

// add puts a snapshot in the queue. Whoever adds it calls run afterwards.
func (c *calls) add(s Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = append(c.pending, s)
}

// run hands out what is in the queue, unless another goroutine is doing so, which then takes this along.
func (c *calls) run(call func(Snapshot)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calling {
		return
	}
	c.calling = true
	for len(c.pending) > 0 {
		next := c.pending[0]
		c.pending = c.pending[1:]
		c.mu.Unlock()
		call(next)
		c.mu.Lock()
	}
	c.calling = false
}
