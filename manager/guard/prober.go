package guard

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// maxProbed is how many prefixes one read asks about: etcd accepts as many operations in one transaction by default.
const maxProbed = 128

// prober compares what the readers of a client's watches delivered with linearizable reads through other members. One read serves all watches that
// sit on the same members, so that a client with many prefixes asks its cluster no more often than one with a single prefix. For each watch there is
// one read at a time and at most one per probe interval.
//
// The read asks, for each prefix, for the newest key under it that was written after the lowest revision that a reader has reached.
// etcd counts keys before it filters them by revision, so the response also has the number of all keys under the prefix. If
// there is a newer key, or another number of keys than a reader holds, something happened that this reader has not
// delivered yet. Writes outside the prefix and lost or wrong progress responses do not matter.
type prober struct {
	client *Client

	// mu guards the fields below. It may be held when a watch's lock is taken, but not the other way round.
	mu      sync.Mutex
	watches []*probed // one of each watch that is or was attached, until the watch ends
}

// probed is what the prober knows of one watch. The prober's lock guards it.
type probed struct {
	watch *Watch
	// attachments are the attachments with a confirmed watch.
	attachments []*attachment
	// begun is when the last read for this watch began, and asking says that it is still under way.
	begun  time.Time
	asking bool
}

// question is what one read asks about one watch, and what was shown.
type question struct {
	probed *probed
	since  int64
	asked  []asked
	// history is the history that the watch was in.
	history int
	// at, newest and count are as in probe, clusterID is that of the witness.
	at, newest, count int64
	clusterID         uint64
	// err says why there is no result.
	err error
}

// asked is what one attachment had delivered when the read began.
type asked struct {
	attachment *attachment
	probe      probe
}

// probe is one read and its result, together with what one reader had delivered when the read began.
type probe struct {
	witness *member
	begun   time.Time
	// since is the revision that the reader had reached when the read began, held the number of its keys.
	since int64
	held  int
	// at is the revision of the read, newest the mod revision of the newest key written after since (zero if none),
	// count the number of all keys.
	at, newest, count int64
	// restored says that most members have answered with another history than the watch's.
	restored bool
}

// complete reports whether the probe shows nothing that the reader did not hold when it was asked.
func (p probe) complete() bool { return p.newest == 0 && p.count == int64(p.held) }

// attached makes the prober compare what an attachment delivers.
func (p *prober) attached(a *attachment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.of(a.watch)
	if of == nil {
		of = &probed{watch: a.watch}
		p.watches = append(p.watches, of)
	}
	of.attachments = append(of.attachments, a)
}

// left makes the prober forget an attachment. A read that is under way goes on, since it may be for other watches too.
func (p *prober) left(a *attachment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if of := p.of(a.watch); of != nil {
		of.attachments = slices.DeleteFunc(of.attachments, func(other *attachment) bool { return other == a })
	}
}

// forget makes the prober forget a watch that has ended.
func (p *prober) forget(w *Watch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watches = slices.DeleteFunc(p.watches, func(of *probed) bool { return of.watch == w })
}

// of returns what is known of a watch, nil if it was never attached. The caller holds the lock.
func (p *prober) of(w *Watch) *probed {
	for _, of := range p.watches {
		if of.watch == w {
			return of
		}
	}
	return nil
}

// start starts a read for the watch of an attachment, and for all others that sit on the same members, unless a read for this watch is under way or
// the last one is too recent. It does not wait for the response, since its caller must go on receiving events.
func (p *prober) start(a *attachment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	first := p.of(a.watch)
	if a.suspicion != nil || !p.due(first, now) {
		return
	}
	var questions []*question
	for _, of := range p.watches {
		if of != first && (!p.due(of, now) || !of.sitsWhere(first)) {
			continue
		}
		if q := of.question(now); q != nil {
			of.begun, of.asking = now, true
			questions = append(questions, q)
		}
	}
	if len(questions) == 0 {
		return
	}
	witness := first.witness()
	p.client.tasks.Go(func() { p.read(witness, now, questions) })
}

func (p *prober) due(of *probed, now time.Time) bool {
	return len(of.attachments) > 0 && !of.asking && now.Sub(of.begun) >= p.client.cfg.Options.ProbeInterval
}

func (of *probed) members() (watched []*member) {
	for _, a := range of.attachments {
		watched = append(watched, a.member)
	}
	return watched
}

// sitsWhere reports whether two watches are attached to the same members, so that the same witnesses can speak for both.
func (of *probed) sitsWhere(other *probed) bool {
	mine, theirs := of.members(), other.members()
	return len(mine) == len(theirs) && !slices.ContainsFunc(mine, func(m *member) bool { return !slices.Contains(theirs, m) })
}

// question notes what the watch's readers have delivered. It returns nil if none of them has read the watch's history.
func (of *probed) question(now time.Time) *question {
	w := of.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	q := &question{probed: of, since: math.MaxInt64, history: w.state.history}
	for _, a := range of.attachments {
		if position := a.reader.position; w.state.current(position) {
			q.asked = append(q.asked, asked{a, probe{begun: now, since: position.reached, held: len(position.held)}})
			q.since = min(q.since, position.reached)
		}
	}
	if len(q.asked) == 0 {
		return nil
	}
	return q
}

// witness returns the member to ask. While there are doubts about the watch's history, every member has to be asked, the watched ones too.
func (of *probed) witness() *member {
	pool, w := of.watch.client.pool, of.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.doubts) > 0 {
		if m := pool.undoubted(w.doubts); m != nil {
			return m
		}
	}
	proven := time.Time{}
	for _, a := range of.attachments {
		if at := a.reader.position.proven; at.After(proven) {
			proven = at
		}
	}
	return pool.witness(time.Since(proven) > w.cfg.Options.IdleTimeout/2, of.members()...)
}

// read asks the witness, and gives the attachments what it showed.
func (p *prober) read(witness *member, begun time.Time, questions []*question) {
	ctx, cancel := context.WithTimeout(p.client.work, p.client.cfg.Options.ProbeTimeout)
	defer cancel()
	var errs []error
	for some := range slices.Chunk(questions, maxProbed) {
		errs = append(errs, p.askAll(ctx, witness, some))
	}
	if err := errors.Join(errs...); err != nil && p.client.work.Err() == nil {
		p.client.cfg.Stats.probed(ProbeUnanswered)
		p.client.pool.failed(witness)
		where := Where{Cluster: p.client.cfg.Cluster, Endpoint: witness.endpoint, Elapsed: time.Since(begun)}
		p.client.log.Debug("probe was not answered", where.Fields(zap.Error(err))...)
	}
	p.answer(witness, questions)
}

// askAll asks the witness all questions at once. If etcd refuses that, for example because the user may not read one of the prefixes any more, it asks
// them one by one, so that the watches of the other prefixes are still checked. It returns an error if the witness has not answered at all.
func (p *prober) askAll(ctx context.Context, witness *member, questions []*question) error {
	err := p.ask(ctx, witness, questions)
	if len(questions) > 1 && IsAnswer(err) {
		var errs []error
		for _, q := range questions {
			q.err = p.ask(ctx, witness, []*question{q})
			errs = append(errs, q.err)
		}
		if slices.Contains(errs, nil) {
			return nil
		}
		return errors.Join(errs...)
	}
	for _, q := range questions {
		q.err = err
	}
	return err
}

// ask reads through the witness: one read-only transaction, which etcd answers at one revision.
func (p *prober) ask(ctx context.Context, witness *member, questions []*question) error {
	client, err := p.client.pool.client(ctx, witness)
	if err != nil {
		return err
	}
	txn := &pb.TxnRequest{}
	for _, q := range questions {
		prefix := q.probed.watch.prefix
		txn.Success = append(txn.Success, &pb.RequestOp{Request: &pb.RequestOp_RequestRange{RequestRange: &pb.RangeRequest{
			Key:            []byte(prefix),
			RangeEnd:       []byte(clientv3.GetPrefixRangeEnd(prefix)),
			KeysOnly:       true,
			MinModRevision: q.since + 1,
			SortTarget:     pb.RangeRequest_MOD,
			SortOrder:      pb.RangeRequest_DESCEND,
			Limit:          1,
		}}})
	}
	resp, err := pb.NewKVClient(client.ActiveConnection()).Txn(ctx, txn, callOptions...)
	if err != nil {
		return err
	}
	p.client.pool.answered(witness, resp.Header)
	for i, q := range questions {
		shown := resp.Responses[i].GetResponseRange()
		q.at, q.count, q.clusterID = resp.Header.Revision, shown.Count, resp.Header.GetClusterId()
		if len(shown.Kvs) > 0 {
			q.newest = shown.Kvs[0].ModRevision
		}
	}
	return nil
}

// answer gives the result of a read to every attachment that still exists, together with what that attachment had delivered when the read began.
func (p *prober) answer(witness *member, questions []*question) {
	p.mu.Lock()
	defer p.mu.Unlock()
	outcome, answered := ProbeComplete, false
	for _, q := range questions {
		q.probed.asking = false
		if q.err != nil {
			continue
		}
		answered = true
		switch q.answer(witness) {
		case ProbePast:
			outcome = ProbePast
		case ProbeNewer:
			if outcome == ProbeComplete {
				outcome = ProbeNewer
			}
		}
	}
	if answered {
		p.client.cfg.Stats.probed(outcome)
	}
}

// answer gives the result to the attachments of one watch, and returns what it showed. The caller holds the prober's lock.
func (q *question) answer(witness *member) (outcome string) {
	w := q.probed.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if q.history != w.state.history {
		return ProbeComplete // the watch has begun another history meanwhile
	}
	outcome = ProbeComplete
	other := w.state.foreign(q.clusterID) || slices.ContainsFunc(q.asked, func(one asked) bool { return q.at < one.probe.since })
	restored := w.doubt(witness, other)
	if other {
		outcome = ProbePast
		w.log.Warn("probe lies in the past", w.where(witness, q.asked[0].probe.begun).Fields(zap.Int64("revision", q.at))...)
	}
	for _, one := range q.asked {
		if !slices.Contains(q.probed.attachments, one.attachment) || other && !restored {
			continue
		}
		own := one.probe
		own.restored = restored
		own.witness, own.at, own.count = witness, q.at, q.count
		if q.newest > own.since {
			own.newest = q.newest
		}
		if !other && !own.complete() {
			outcome = ProbeNewer
		}
		select {
		case one.attachment.probes <- own:
		default:
			// The reader has not judged the last result yet. Another probe will come.
		}
	}
	return outcome
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
			a.prove(p.begun)
			if position.reached == p.since && p.at > p.since {
				s.advance(position, p.at)
			}
		case position.delivered(p):
			a.prove(p.begun)
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
		a.prove(a.suspicion.begun)
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
