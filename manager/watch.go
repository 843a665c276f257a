package manager

import (
	"context"
	"errors"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
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

// guardedWatch follows the keys under one prefix of one cluster, from member to member. Everything in it belongs
// to the goroutine of run.
type guardedWatch struct {
	cfg     Config
	log     *zap.Logger
	cluster string
	prefix  string
	pool    *pool
	content content
	board   *board
	place   *standing

	// held has the mod revision of every key under the prefix, as of revision.
	held map[string]int64
	// revision up to which held and content are complete. Only snapshots, events and proofs raise it, never a
	// progress answer: a member that withholds events may still answer progress, and ahead of them.
	revision int64
	// mustRead says that the history since revision may be gone or must not be trusted to this watch: the next
	// seat begins with a snapshot.
	mustRead bool
}

// errExpelled ends a sitting because another watch found the member wanting.
var errExpelled = errors.New("member went into quarantine")

// run moves from seat to seat until ctx ends.
func (w *guardedWatch) run(ctx context.Context) {
	w.held = make(map[string]int64)
	w.mustRead = true
	retry := backoff{base: w.cfg.BackoffBase, limit: w.cfg.BackoffCap, rand: w.cfg.Rand}
	tried := make(map[*member]bool)
	for ctx.Err() == nil {
		m := w.pool.pick(tried)
		if m == nil {
			// A whole round failed. Within a round there is no pause: the next member is another matter.
			clear(tried)
			pause(ctx, retry.next())
			continue
		}
		tried[m] = true
		sat, err := w.sit(ctx, m)
		if ctx.Err() != nil {
			break
		}
		w.conclude(m, err)
		// A seat that was lost as soon as it was taken is no success: without this a member that accepts watches
		// and drops them would be asked again without end or pause.
		if sat >= w.cfg.BackoffBase {
			clear(tried)
			retry.reset()
		}
	}
	w.vacate(nil)
}

// conclude draws the consequences of a sitting that ended.
func (w *guardedWatch) conclude(m *member, err error) {
	var (
		idle      *IdleTimeoutError
		stale     *StaleError
		compacted *CompactedError
	)
	switch {
	case errors.Is(err, errExpelled):
		w.mustRead = true
		w.vacate(nil)
		return
	case errors.As(err, &idle), errors.As(err, &stale):
		w.mustRead = true
		w.pool.confine(m)
	case errors.As(err, &compacted):
		// Not the member's fault; it may be the next one as well.
		w.mustRead = true
	default:
		w.pool.failed(m)
	}
	w.log.Warn("watch left its member", zap.String("endpoint", m.endpoint), zap.Error(err))
	w.vacate(err)
}

// read replaces what is known by a snapshot taken through m, and notes only the differences.
func (w *guardedWatch) read(ctx context.Context, m *member, client *clientv3.Client) error {
	begun := time.Now()
	bounded, cancel := context.WithTimeout(ctx, w.cfg.RequestTimeout)
	defer cancel()
	resp, err := pb.NewKVClient(client.ActiveConnection()).Range(bounded, &pb.RangeRequest{
		Key:      []byte(w.prefix),
		RangeEnd: []byte(clientv3.GetPrefixRangeEnd(w.prefix)),
	}, callOptions...)
	err = clientv3.ContextError(bounded, err)
	if err == nil && resp.Header.Revision < w.revision {
		err = ErrRevisionWentBack
	}
	if err != nil {
		return &OpError{Where: w.where(m, begun), Op: "read snapshot", Err: err}
	}
	w.pool.answered(m, resp.Header)

	present := make(map[string]bool, len(resp.Kvs))
	var malformed error
	for _, kv := range resp.Kvs {
		present[string(kv.Key)] = true
		if w.held[string(kv.Key)] != kv.ModRevision {
			malformed = errors.Join(malformed, w.put(kv, m, begun))
		}
	}
	for key := range w.held {
		if !present[key] {
			w.remove(key)
		}
	}
	w.revision = resp.Header.Revision
	w.mustRead = false
	w.publish("", resp.Header.ClusterId, malformed)
	return nil
}

func (w *guardedWatch) put(kv *mvccpb.KeyValue, m *member, seated time.Time) error {
	w.held[string(kv.Key)] = kv.ModRevision
	err := w.content.put(kv)
	if err == nil {
		return nil
	}
	where := w.where(m, seated)
	where.Key = string(kv.Key)
	err = &MalformedError{Where: where, Revision: kv.ModRevision, Err: err}
	w.log.Warn("value ignored", zap.Error(err))
	return err
}

func (w *guardedWatch) remove(key string) {
	delete(w.held, key)
	w.content.remove(key)
}

func (w *guardedWatch) publish(seat string, clusterID uint64, err error) {
	w.board.publish(w.place, standing{revision: w.revision, seat: seat}, clusterID, w.content, err)
}

func (w *guardedWatch) vacate(err error) { w.publish("", 0, err) }

func (w *guardedWatch) where(m *member, since time.Time) Where {
	return Where{Cluster: w.cluster, Endpoint: m.endpoint, Key: w.prefix, Elapsed: time.Since(since)}
}
