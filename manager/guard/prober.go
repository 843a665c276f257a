package guard

import (
	"context"
	"errors"
	"slices"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// prober compares what the readers of a watch delivered with linearizable reads through other members. There is one read
// at a time and at most one per probe interval, and its result is used for every reader. Watch.mu guards it.
//
// The read asks for the newest key under the prefix that was written after the lowest revision that a reader has reached.
// etcd counts keys before it filters them by revision, so the response also has the number of all keys under the prefix. If
// there is a newer key, or another number of keys than a reader holds, something happened that this reader has not
// delivered yet. Writes outside the prefix and lost or wrong progress responses do not matter.
type prober struct {
	// attachments are the attachments with a confirmed watch.
	attachments []*attachment
	// begun is when the last read began. While a read is under way, cancel cancels it, and ended is closed when it has ended.
	begun  time.Time
	cancel context.CancelFunc
	ended  chan struct{}
}

// probe is one read and its result, together with what one reader had delivered when the read began.
type probe struct {
	witness *member
	begun   time.Time
	// since is the revision that the reader had reached when the read began, held the number of its keys.
	since int64
	held  int
	// history is the history that the watch was in.
	history int
	// at is the revision of the read, newest the mod revision of the newest key written after since (zero if none),
	// count the number of all keys.
	at, newest, count int64
	// clusterID is that of the witness. restored says that most members have answered with another history.
	clusterID uint64
	restored  bool
}

// complete reports whether the probe shows nothing that the reader did not hold when it was asked.
func (p probe) complete() bool { return p.newest == 0 && p.count == int64(p.held) }

// startProbe starts a read through the next witness for all attachments, unless a read is under way or the last one is too
// recent. It does not wait for the response, since its caller must go on receiving events.
func (w *Watch) startProbe(ctx context.Context, a *attachment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	q := &w.prober
	now := time.Now()
	if q.cancel != nil || a.suspicion != nil || now.Sub(q.begun) < w.cfg.Options.ProbeInterval {
		return
	}
	question := probe{begun: now, since: a.reader.position.reached, history: w.state.history}
	var watched []*member
	asked := make(map[*attachment]probe)
	for _, other := range q.attachments {
		position := other.reader.position
		if !w.state.current(position) {
			continue
		}
		watched = append(watched, other.member)
		asked[other] = probe{begun: now, since: position.reached, held: len(position.held)}
		question.since = min(question.since, position.reached)
	}
	if len(w.doubts) > 0 {
		question.witness = w.client.pool.undoubted(w.doubts)
	}
	if question.witness == nil {
		question.witness = w.client.pool.witness(watched...)
	}
	// The read is for the other reader too, so the end of this attachment must not cancel it.
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.cfg.Options.ProbeTimeout)
	ended := make(chan struct{})
	q.begun, q.cancel, q.ended = now, cancel, ended
	go func() {
		defer close(ended)
		defer cancel()
		err := w.ask(bounded, &question)
		w.answer(bounded, question, asked, err)
	}()
}

// ask reads through the witness.
func (w *Watch) ask(ctx context.Context, p *probe) error {
	client, err := w.client.pool.client(ctx, p.witness)
	if err != nil {
		return err
	}
	resp, err := pb.NewKVClient(client.ActiveConnection()).Range(ctx, &pb.RangeRequest{
		Key:            []byte(w.prefix),
		RangeEnd:       []byte(clientv3.GetPrefixRangeEnd(w.prefix)),
		KeysOnly:       true,
		MinModRevision: p.since + 1,
		SortTarget:     pb.RangeRequest_MOD,
		SortOrder:      pb.RangeRequest_DESCEND,
		Limit:          1,
	}, callOptions...)
	if err != nil {
		return err
	}
	w.client.pool.answered(p.witness, resp.Header)
	p.at, p.count, p.clusterID = resp.Header.Revision, resp.Count, resp.Header.GetClusterId()
	if len(resp.Kvs) > 0 {
		p.newest = resp.Kvs[0].ModRevision
	}
	return nil
}

// answer gives the result of a read to every attachment that still exists, together with what that attachment had delivered
// when the read began.
func (w *Watch) answer(ctx context.Context, shown probe, asked map[*attachment]probe, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.prober.cancel = nil
	if err != nil {
		if !errors.Is(ctx.Err(), context.Canceled) {
			w.cfg.Stats.probed(ProbeUnanswered)
			w.client.pool.failed(shown.witness)
			w.log.Debug("probe was not answered", w.where(shown.witness, shown.begun).Fields(zap.Error(err))...)
		}
		return
	}
	if shown.history != w.state.history {
		return // the watch has begun another history meanwhile
	}
	other := w.state.foreign(shown.clusterID)
	for _, own := range asked {
		other = other || shown.at < own.since
	}
	outcome, restored := ProbeComplete, w.doubt(shown.witness, other)
	if other {
		outcome = ProbePast
		w.log.Warn("probe lies in the past", w.where(shown.witness, shown.begun).Fields(zap.Int64("revision", shown.at))...)
	}
	for _, a := range w.prober.attachments {
		own, ok := asked[a]
		if !ok || other && !restored {
			continue
		}
		own.restored = restored
		own.witness, own.at, own.count = shown.witness, shown.at, shown.count
		if shown.newest > own.since {
			own.newest = shown.newest
		}
		if !other && !own.complete() {
			outcome = ProbeNewer
		}
		select {
		case a.probes <- own:
		default:
			// The reader has not judged the last result yet. Another probe will come.
		}
	}
	w.cfg.Stats.probed(outcome)
}

// endProbes removes an attachment from the prober, and cancels a read that is for no attachment any more.
func (w *Watch) endProbes(a *attachment) {
	w.mu.Lock()
	q := &w.prober
	q.attachments = slices.DeleteFunc(q.attachments, func(other *attachment) bool { return other == a })
	var ended chan struct{}
	if len(q.attachments) == 0 && q.cancel != nil {
		q.cancel()
		ended = q.ended
	}
	w.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

// judge evaluates a probe: either the reader has delivered everything, or it is suspected and has the grace period to deliver
// the rest.
func (a *attachment) judge(p probe) {
	a.watch.update(nil, func(s *state) {
		position := a.reader.position
		switch {
		case !s.current(position):
			// follow leaves the member.
		case p.complete():
			// Nothing changed between p.since and p.at, so the reader has the keys as of p.at, unless it has moved on since.
			position.proven = p.begun
			if position.reached == p.since && p.at > p.since {
				s.advance(position, p.at)
			}
		case position.delivered(p):
			position.proven = p.begun
		case a.suspicion == nil:
			a.suspicion = &p
			a.grace.Reset(a.watch.cfg.Options.ProbeGrace)
		}
	})
}

// delivered reports whether the reader has delivered what a probe showed.
//
// If the probe showed a newer key, the reader must have reached that key's revision. If not, only deletions happened between
// since and at. A reader that has reached at has delivered them, but in a quiet prefix a reader may never reach at, since the
// last deletion may be at a lower revision. So delivered counts the keys that the reader holds and that were not written
// after since. Their number can only fall, and at revision at it was shown.count. When the reader holds just as many, it has
// delivered all deletions up to at. Changes after at do not affect this, so there is no false alarm.
func (p *position) delivered(shown probe) bool {
	if p.reached >= shown.at || (shown.newest > 0 && p.reached >= shown.newest) {
		return true
	}
	if shown.newest > 0 {
		return false
	}
	var old int64
	for _, revision := range p.held {
		if revision <= shown.since {
			old++
		}
	}
	return old == shown.count
}

// clearSuspicion drops the suspicion if the reader has now delivered what the probe showed. The caller holds the watch's lock.
func (a *attachment) clearSuspicion() {
	if a.suspicion != nil && a.reader.position.delivered(*a.suspicion) {
		a.reader.position.proven = a.suspicion.begun
		a.suspicion = nil
		a.grace.Stop()
	}
}

func (a *attachment) stale() error {
	p := a.suspicion
	shown := p.newest
	if shown == 0 {
		shown = p.at
	}
	return &StaleError{
		Where:   a.watch.where(a.member, p.begun),
		Witness: p.witness.endpoint,
		Seen:    a.reached(),
		Shown:   shown,
	}
}
