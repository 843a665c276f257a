package manager

import (
	"context"
	"math"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.uber.org/zap"
)

// content is what a guarded watch keeps current: the meaning of the keys under its prefix.
type content interface {
	// put takes a new value in, or says why it cannot and keeps the old one.
	put(kv *mvccpb.KeyValue) error
	remove(key string)
	// show puts the content's part into a view. What it puts there it never changes again.
	show(v *View)
}

// refuser is content that wants to keep what was said of a value it could not take in.
type refuser interface{ refused(err *MalformedError) }

// guardedWatch follows the keys under one prefix of one cluster and publishes what they mean. It has one lane, or
// hedged two, each with a stream on a member of its own:
//
//	member m1 ══ lane 0 ══╗   newer than what is known of the key?
//	member m2 ══ lane 1 ══╩══► versions, content ──► board
//
// Each lane claims for itself alone up to which revision it has delivered everything. Whichever is first wins, what
// the other says later is dropped key by key, and what the first left out the other still adds. So a view never goes
// back, and one lane's lie or silence hides nothing that the other one knows.
type guardedWatch struct {
	cfg     Config
	log     *zap.Logger
	cluster string
	prefix  string
	pool    *pool
	content content
	board   *board
	place   *standing
	tally   *tally

	// mu guards what follows, content, and what each lane says that it guards. It is never held while waiting.
	mu sync.Mutex
	// versions has the newest mod revision known of every key. Deleted ones stay as long as a lane may still tell of
	// their earlier life.
	versions map[string]version
	// graves are the deleted ones, about in the order of their deletion.
	graves []grave
	// revision is the newest up to which a lane has delivered everything.
	revision int64
	lanes    []*lane
	inquiry  inquiry
}

type version struct {
	revision int64
	deleted  bool
}

type grave struct {
	key      string
	revision int64
}

// run follows the prefix until ctx ends, and returns when nothing of the watch is left.
func (w *guardedWatch) run(ctx context.Context) {
	w.versions = make(map[string]version)
	count := 1
	if w.cfg.Hedged {
		count = 2
	}
	for range count {
		w.lanes = append(w.lanes, newLane(w))
	}
	var running sync.WaitGroup
	for _, l := range w.lanes[1:] {
		running.Go(func() { l.run(ctx) })
	}
	w.lanes[0].run(ctx)
	running.Wait()
}

// merge takes in what a lane says of a key, unless it is known already or outdated. The caller holds the lock.
func (w *guardedWatch) merge(kv *mvccpb.KeyValue, deleted bool, where Where) error {
	key := string(kv.Key)
	if kv.ModRevision <= w.versions[key].revision {
		return nil
	}
	if deleted {
		w.bury(key, kv.ModRevision)
		return nil
	}
	w.versions[key] = version{revision: kv.ModRevision}
	err := w.content.put(kv)
	if err == nil {
		return nil
	}
	where.Key = key
	malformed := &MalformedError{Where: where, Revision: kv.ModRevision, Err: err}
	if r, ok := w.content.(refuser); ok {
		r.refused(malformed)
	}
	w.log.Warn("value ignored", where.fields(zap.Error(malformed))...)
	return malformed
}

// absent takes in that a snapshot taken at a revision does not have a key. The caller holds the lock.
func (w *guardedWatch) absent(key string, at int64) {
	known, ok := w.versions[key]
	if !ok || known.deleted || known.revision > at {
		return
	}
	w.bury(key, at)
}

func (w *guardedWatch) bury(key string, revision int64) {
	w.versions[key] = version{revision: revision, deleted: true}
	w.graves = append(w.graves, grave{key: key, revision: revision})
	w.content.remove(key)
}

// prune forgets deleted keys of which no lane can tell any more. The caller holds the lock.
func (w *guardedWatch) prune() {
	floor := int64(math.MaxInt64)
	for _, l := range w.lanes {
		floor = min(floor, l.floor)
	}
	for len(w.graves) > 0 && w.graves[0].revision <= floor {
		g := w.graves[0]
		w.graves = w.graves[1:]
		if (w.versions[g.key] == version{revision: g.revision, deleted: true}) {
			delete(w.versions, g.key)
		}
	}
}

// publish shows where the watch stands. The caller holds the lock.
func (w *guardedWatch) publish(clusterID uint64, err error) {
	now := standing{revision: w.revision}
	for _, l := range w.lanes {
		now.revision = max(now.revision, l.reached)
		if now.seat == "" {
			now.seat = l.endpoint
		}
		if l.proven.After(now.proven) {
			now.proven = l.proven
		}
	}
	w.revision = now.revision
	w.board.publish(w.place, now, clusterID, w.content, err)
}

func (w *guardedWatch) where(m *member, since time.Time) Where {
	return Where{Cluster: w.cluster, Endpoint: m.endpoint, Key: w.prefix, Elapsed: time.Since(since)}
}
