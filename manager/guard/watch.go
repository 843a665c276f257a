package guard

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Snapshot is what a watch knows at one instant. Its map is shared between all callers, which must not change it.
type Snapshot struct {
	// Values are the keys under the prefix that exist, by key. Never nil. Each change copies the map, which is cheap for
	// thousands of keys but not for hundreds of thousands.
	Values map[string]Value
	// Revision is the revision of the cluster up to which Values is known to be complete. It never falls within a history.
	// Zero until the cluster answered.
	Revision int64
	// History is how often the client has found the cluster restored from a backup, or replaced by another cluster. Then
	// Values are those of the backup, and revisions begin again below those before: revisions of different histories,
	// those of a Value included, cannot be compared.
	History int
	// Healthy is true while the watch is attached to a member, a hedged watch to at least one, and a probe that was due was
	// answered within the idle timeout. It says that updates will arrive, not that they have arrived: a member that becomes
	// silent or stale is noticed only at the idle timeout or by a probe. See Proven for the age of the last proof.
	Healthy bool
	// Confirmed is true once a probe has shown that nothing is missing since the watch attached to its member, a hedged watch
	// to one of its members; without probes, once the member has answered on the watch. Until then the member may be one that
	// delivers nothing.
	Confirmed bool
	// Endpoint is the endpoint of the member that the watch is attached to, of the first of two if hedged; empty while it is
	// not attached.
	Endpoint string
	// Proven is when Values was last known to be complete: the begin of the last linearizable read that showed nothing
	// newer. Zero until the cluster answered.
	Proven time.Time
	// ClusterID is etcd's cluster id, which distinguishes different clusters at the same endpoints; zero until the cluster
	// answered.
	ClusterID uint64
	// Err is the last thing that went wrong. It stays after recovery, until something else goes wrong.
	Err error
}

// Watch follows the keys under a prefix. Its methods are safe for concurrent use.
type Watch struct {
	client  *Client
	cfg     Config
	log     *zap.Logger
	prefix  string
	changed func(Snapshot)
	readers []*reader

	cancel context.CancelFunc
	// ended is closed when all goroutines of the watch have ended.
	ended chan struct{}
	shown atomic.Pointer[Snapshot]
	calls calls

	// From state on, mu guards the fields. It is never held while waiting.
	mu     sync.Mutex
	state  state
	doubts doubts
}

func newWatch(c *Client, prefix string, changed func(Snapshot)) *Watch {
	w := &Watch{
		client: c, cfg: c.cfg, log: c.log, prefix: prefix, changed: changed, ended: make(chan struct{}), doubts: make(doubts),
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

// Prefix is the prefix that is watched.
func (w *Watch) Prefix() string { return w.prefix }

// Snapshot is what the watch knows now. It does not block, and is cheap enough to be polled.
func (w *Watch) Snapshot() Snapshot { return *w.shown.Load() }

// Close closes the watch and blocks until its goroutines have ended; no member can delay that. Snapshot still returns the last
// snapshot.
func (w *Watch) Close() {
	w.cancel()
	<-w.ended
}

// run follows the prefix until ctx ends, and returns when the goroutines of the watch have ended.
func (w *Watch) run(ctx context.Context) {
	var running sync.WaitGroup
	for _, r := range w.readers {
		running.Go(func() { r.run(ctx) })
	}
	running.Wait()
	w.client.prober.forget(w)
}

// update changes the state, publishes the new snapshot, with err as its error unless that is nil, and calls the watch's
// function if the snapshot changed. change must not block.
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

// equal compares all fields except Values and Proven.
func (s *Snapshot) equal(o Snapshot) bool {
	return s.Revision == o.Revision && s.History == o.History && s.Healthy == o.Healthy && s.Confirmed == o.Confirmed &&
		s.Endpoint == o.Endpoint && s.ClusterID == o.ClusterID && s.Err == o.Err
}

func (w *Watch) where(m *member, since time.Time) Where {
	return Where{Cluster: w.cfg.Cluster, Endpoint: m.endpoint, Key: w.prefix, Elapsed: time.Since(since)}
}

// calls calls a function with snapshots, one at a time and in order, although several goroutines add them.
type calls struct {
	// From pending on, mu guards the fields. It is not held during a call.
	mu      sync.Mutex
	pending []Snapshot
	calling bool
}

// add puts a snapshot into the queue. The caller must call run afterwards.
func (c *calls) add(s Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = append(c.pending, s)
}

// run calls the function with the queued snapshots, unless another goroutine is doing so; that one then takes the new
// snapshots too.
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
