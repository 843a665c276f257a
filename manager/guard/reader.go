package guard

import (
	"context"
	"errors"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// reader reads the prefix of a watch through one member at a time, and moves from member to member. Its fields belong
// to the goroutine of run; what position points to is part of the watch's state.
type reader struct {
	watch    *Watch
	position *position
	// mustRead says that the reader cannot resume at position.reached: on its next member it begins with a snapshot.
	mustRead bool
	// timeouts counts the attempts to attach that timed out since the last success.
	timeouts int
}

// errQuarantined ends an attachment because another watch found the member stale or silent, errSameMember because the
// other reader turned out to be attached to the same member under another name.
var (
	errQuarantined = errors.New("member went into quarantine")
	errSameMember  = errors.New("the other stream is on this member too")
)

// run moves from member to member until ctx ends.
func (r *reader) run(ctx context.Context) {
	o := r.watch.cfg.Options
	retry := Backoff{Base: o.BackoffBase, Limit: o.BackoffCap, Rand: r.watch.cfg.Rand}
	tried := make(map[*member]bool)
	for ctx.Err() == nil {
		m := r.choose(tried)
		if m == nil {
			// All members were tried without success, or there is no member besides that of the other reader. Between
			// different members there is no pause. While none was there, the cluster may have been restored from a backup, and
			// may have passed the revision that was reached before.
			r.mustRead = true
			clear(tried)
			Pause(ctx, retry.Next())
			continue
		}
		tried[m] = true
		resumed := !r.mustRead
		lasted, err := r.attach(ctx, m)
		if ctx.Err() != nil {
			break
		}
		r.conclude(m, err)
		// The member works, and says that what was to be resumed is compacted: it may be read at once. If what was just read is compacted already,
		// there are pauses, or reads would follow each other without end.
		if resumed && errors.As(err, new(*CompactedError)) {
			delete(tried, m)
		}
		// An attachment that was lost at once does not count as a success. Otherwise a member that accepts watches and then
		// drops them would be tried again and again without a pause.
		if lasted >= o.BackoffBase {
			clear(tried)
			retry.Reset()
		}
	}
	r.detach(nil)
}

// choose returns the next member to try. It must not be the other reader's member.
func (r *reader) choose(tried map[*member]bool) *member {
	w := r.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	var taken *member
	if other := w.state.other(r.position); other != nil {
		taken = other.member
	}
	r.position.member = w.client.pool.pickBeside(taken, tried)
	return r.position.member
}

// conclude updates the pool, the counts and the watch's error after an attachment has ended.
func (r *reader) conclude(m *member, err error) {
	w := r.watch
	var (
		idle      *IdleTimeoutError
		stale     *StaleError
		compacted *CompactedError
	)
	reason := ReasonBroken
	switch {
	case errors.Is(err, errQuarantined), errors.Is(err, errSameMember):
		w.cfg.Stats.reattached(ReasonQuarantine)
		r.mustRead = true
		r.detach(nil)
		return
	case errors.As(err, &idle):
		reason = ReasonIdle
		r.mustRead = true
		w.client.pool.quarantine(m)
	case errors.As(err, &stale):
		reason = ReasonStale
		r.mustRead = true
		w.client.pool.quarantine(m)
	case errors.Is(err, ErrRevisionWentBack):
		reason = ReasonRestored
		r.mustRead = true
		w.client.pool.failed(m)
	case errors.As(err, &compacted):
		// This is not the member's fault, so the same member may be tried next, see run.
		reason = ReasonCompacted
		r.mustRead = true
	default:
		if !r.attached() {
			reason = ReasonNotAttached
		}
		if errors.Is(err, context.DeadlineExceeded) {
			r.timeouts++
		}
		w.client.pool.failed(m)
	}
	w.cfg.Stats.reattached(reason)
	w.log.Warn("watch left its member", Where{Endpoint: m.endpoint, Key: w.prefix}.FieldsOf(err)...)
	r.detach(err)
}

func (r *reader) attached() bool {
	r.watch.mu.Lock()
	defer r.watch.mu.Unlock()
	return r.position.endpoint != ""
}

func (r *reader) detach(err error) {
	if len(r.watch.readers) > 1 {
		r.mustRead = true
	}
	r.watch.update(err, func(s *state) { s.detach(r.position) })
}

// escalated is the timeout of the next attempt, given that of the first; see Options.Escalation.
func (r *reader) escalated(first time.Duration) time.Duration {
	return first * time.Duration(min(1+r.timeouts, r.watch.cfg.Options.Escalation))
}

// read reads a snapshot through m and merges it into the watch's state, or begins another history with it.
func (r *reader) read(ctx context.Context, m *member, client *clientv3.Client) error {
	w := r.watch
	begun := time.Now()
	w.mu.Lock()
	history := w.client.pool.currentHistory()
	// A linearizable read that begins now cannot return a revision older than this.
	r.position.floor = w.state.revision
	floor := r.position.floor
	w.mu.Unlock()

	bounded, cancel := context.WithTimeout(ctx, r.escalated(w.cfg.Options.RequestTimeout))
	defer cancel()
	resp, err := pb.NewKVClient(client.ActiveConnection()).Range(bounded, &pb.RangeRequest{
		Key:      []byte(w.prefix),
		RangeEnd: []byte(clientv3.GetPrefixRangeEnd(w.prefix)),
	}, callOptions...)
	err = clientv3.ContextError(bounded, err)
	if err == nil {
		err = r.compare(m, begun, resp, history, floor)
	}
	if err != nil {
		return &OpError{Where: w.where(m, begun), Op: "read snapshot", Err: err}
	}
	w.client.pool.answered(m, resp.Header)
	r.mustRead = false
	w.update(nil, func(s *state) {
		if now := w.client.pool.currentHistory(); s.history < now {
			s.begin(now)
		}
		s.belongs(resp.Header.GetClusterId())
		s.replace(r.position, resp, begun)
	})
	return nil
}

// compare finds out whether a snapshot that was read is of the history that was known when the read began, whose revision
// was floor. It returns an error if the snapshot must not be used.
func (r *reader) compare(m *member, begun time.Time, resp *pb.RangeResponse, history int, floor int64) error {
	w := r.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.client.pool.currentHistory() != history {
		return ErrRevisionWentBack // it may be of the history before
	}
	if w.state.history < history {
		return nil // another watch has found the new history
	}
	other := w.state.foreign(resp.Header.GetClusterId()) || resp.Header.Revision < floor || w.state.contradicts(resp)
	believed := w.doubt(m, other)
	switch {
	case !other:
		return nil
	case !believed:
		return ErrRevisionWentBack
	}
	clear(w.doubts)
	w.log.Warn("cluster was restored from a backup",
		w.where(m, begun).Fields(zap.Int64("revision", resp.Header.Revision), zap.Int64("before", floor))...)
	w.client.pool.beginHistory(history)
	return nil
}
