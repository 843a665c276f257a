package manager

import (
	"context"
	"errors"
	"math"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// lane moves one stream of a guarded watch from member to member. Its fields belong to the goroutine of run; those
// below the line are written by it under the watch's lock, and read by others under it.
type lane struct {
	*guardedWatch
	// mustRead says that the history since reached may be gone or must not be trusted to this lane: the next seat
	// begins with a snapshot.
	mustRead bool
	// timeouts counts the attempts to take a seat, since one was taken, that ran out of time.
	timeouts int

	// held has the mod revision of every key under the prefix, as of reached.
	held map[string]int64
	// reached is the revision up to which the lane has delivered everything. Only snapshots, events and proofs raise
	// it, never a progress answer: a member that withholds events may still answer progress, and ahead of them.
	reached int64
	// floor is the revision after which the lane may still tell of things past.
	floor int64
	// member is the one that the lane sits on or tries, endpoint where it sits; nil and empty between.
	member   *member
	endpoint string
	// proven is when the lane was last known to miss nothing.
	proven time.Time
}

// errExpelled ends a sitting because another watch found the member wanting, errCompany because the other lane
// turned out to sit on the same member under another name.
var (
	errExpelled = errors.New("member went into quarantine")
	errCompany  = errors.New("the other stream is on this member too")
)

// nothingToTell is the floor of a lane that has no stream: its next one begins with a snapshot.
const nothingToTell = math.MaxInt64

func newLane(w *guardedWatch) *lane {
	return &lane{guardedWatch: w, mustRead: true, held: make(map[string]int64), floor: nothingToTell}
}

// run moves from seat to seat until ctx ends.
func (l *lane) run(ctx context.Context) {
	retry := backoff{base: l.cfg.BackoffBase, limit: l.cfg.BackoffCap, rand: l.cfg.Rand}
	tried := make(map[*member]bool)
	for ctx.Err() == nil {
		m := l.choose(tried)
		if m == nil {
			// A whole round failed, or there is no member beside that of the other lane. Within a round there is no
			// pause: the next member is another matter.
			clear(tried)
			pause(ctx, retry.next())
			continue
		}
		tried[m] = true
		sat, err := l.sit(ctx, m)
		if ctx.Err() != nil {
			break
		}
		l.conclude(m, err)
		// A seat that was lost as soon as it was taken is no success: without this a member that accepts watches
		// and drops them would be asked again without end or pause.
		if sat >= l.cfg.BackoffBase {
			clear(tried)
			retry.reset()
		}
	}
	l.vacate(nil)
}

// choose takes the next member to try that the other lane has not taken.
func (l *lane) choose(tried map[*member]bool) *member {
	l.mu.Lock()
	defer l.mu.Unlock()
	var taken *member
	if other := l.other(); other != nil {
		taken = other.member
	}
	l.member = l.pool.pickBeside(taken, tried)
	return l.member
}

// other is the watch's other lane, nil if it has one only.
func (l *lane) other() *lane {
	for _, o := range l.lanes {
		if o != l {
			return o
		}
	}
	return nil
}

// conclude draws the consequences of a sitting that ended.
func (l *lane) conclude(m *member, err error) {
	var (
		idle      *IdleTimeoutError
		stale     *StaleError
		compacted *CompactedError
	)
	reason := reasonBroken
	switch {
	case errors.Is(err, errExpelled), errors.Is(err, errCompany):
		l.tally.reattached(reasonExpelled)
		l.mustRead = true
		l.vacate(nil)
		return
	case errors.As(err, &idle):
		reason = reasonIdle
		l.tally.idled()
		l.mustRead = true
		l.pool.confine(m)
	case errors.As(err, &stale):
		reason = reasonStale
		l.mustRead = true
		l.pool.confine(m)
	case errors.As(err, &compacted):
		// Not the member's fault; it may be the next one as well.
		reason = reasonCompacted
		l.mustRead = true
	default:
		if l.endpoint == "" {
			reason = reasonUnseated
		}
		if errors.Is(err, context.DeadlineExceeded) {
			l.timeouts++
		}
		l.pool.failed(m)
	}
	l.tally.reattached(reason)
	l.log.Warn("watch left its member", Where{Endpoint: m.endpoint, Key: l.prefix}.fieldsOf(err)...)
	l.vacate(err)
}

// vacate gives the seat up. A lane beside another one always comes back with a snapshot: resuming would make the
// watch remember for it every key deleted meanwhile.
func (l *lane) vacate(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.member, l.endpoint = nil, ""
	if len(l.lanes) > 1 {
		l.mustRead, l.floor = true, nothingToTell
	}
	l.publish(0, err)
}

// allowance is how long the next attempt at something may take, given what the first may.
func (l *lane) allowance(first time.Duration) time.Duration {
	return first * time.Duration(min(1+l.timeouts, l.cfg.Escalation))
}

// read replaces what is known by a snapshot taken through m, and notes only the differences.
func (l *lane) read(ctx context.Context, m *member, client *clientv3.Client) error {
	begun := time.Now()
	l.mu.Lock()
	// A linearizable read that begins now cannot be older than what was seen before.
	l.floor = l.revision
	floor := l.floor
	l.mu.Unlock()

	bounded, cancel := context.WithTimeout(ctx, l.allowance(l.cfg.RequestTimeout))
	defer cancel()
	resp, err := pb.NewKVClient(client.ActiveConnection()).Range(bounded, &pb.RangeRequest{
		Key:      []byte(l.prefix),
		RangeEnd: []byte(clientv3.GetPrefixRangeEnd(l.prefix)),
	}, callOptions...)
	err = clientv3.ContextError(bounded, err)
	if err == nil && resp.Header.Revision < floor {
		err = ErrRevisionWentBack
	}
	if err != nil {
		return &OpError{Where: l.where(m, begun), Op: "read snapshot", Err: err}
	}
	l.pool.answered(m, resp.Header)
	l.mustRead = false
	l.replace(resp, l.where(m, begun), begun)
	return nil
}

// replace takes a snapshot in.
func (l *lane) replace(resp *pb.RangeResponse, where Where, begun time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := resp.Header.Revision
	present := make(map[string]int64, len(resp.Kvs))
	var malformed error
	for _, kv := range resp.Kvs {
		present[string(kv.Key)] = kv.ModRevision
		malformed = errors.Join(malformed, l.merge(kv, false, where))
	}
	for key := range l.versions {
		if _, ok := present[key]; !ok {
			l.absent(key, at)
		}
	}
	l.held, l.reached, l.floor, l.proven = present, at, at, begun
	l.prune()
	l.publish(resp.Header.ClusterId, malformed)
}
