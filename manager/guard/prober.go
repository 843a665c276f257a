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

// prober compares what the readers of a watch delivered with linearizable reads through other members: one at a time,
// at most one a probe interval, and the answer serves every reader. It is part of what Watch.mu guards.
//
// One read asks for the newest key under the prefix that was written after the revision that the last of the readers
// has reached, and, since etcd counts before it filters, learns with it how many keys there are. A newer key, or
// another count than a reader holds, shows that something happened which that reader has yet to deliver. Both are about
// the prefix alone: writes elsewhere in the cluster, and a progress answer that was lost or that lies, cannot
// mislead it.
type prober struct {
	// attachments are those whose watch is confirmed.
	attachments []*attachment
	// begun is when the last read began. While it is under way, cancel ends it and ended closes when it has.
	begun  time.Time
	cancel context.CancelFunc
	ended  chan struct{}
}

// probe is one read and what it showed, in terms of what one reader had delivered when it was asked.
type probe struct {
	witness *member
	begun   time.Time
	// since is the reader's revision at the time of asking, held the number of its keys.
	since int64
	held  int
	// at is the revision of the read, newest the mod revision of the newest key written after since (zero if none),
	// count the number of all keys.
	at, newest, count int64
}

// complete reports whether the probe shows nothing that the reader did not hold when it was asked.
func (p probe) complete() bool { return p.newest == 0 && p.count == int64(p.held) }

// startProbe reads through the next witness on behalf of all attachments, unless an earlier read is under way or too recent.
// The answer is not waited for here, where events are taken in.
func (w *Watch) startProbe(ctx context.Context, a *attachment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	q := &w.prober
	now := time.Now()
	if q.cancel != nil || a.suspicion != nil || now.Sub(q.begun) < w.cfg.Options.ProbeInterval {
		return
	}
	question := probe{begun: now, since: a.reader.position.reached}
	var watched []*member
	asked := make(map[*attachment]probe)
	for _, other := range q.attachments {
		position := other.reader.position
		watched = append(watched, other.member)
		asked[other] = probe{begun: now, since: position.reached, held: len(position.held)}
		question.since = min(question.since, position.reached)
	}
	question.witness = w.client.pool.witness(watched...)
	// It serves the other reader too, so it must outlive this attachment.
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
	p.at, p.count = resp.Header.Revision, resp.Count
	if len(resp.Kvs) > 0 {
		p.newest = resp.Kvs[0].ModRevision
	}
	return nil
}

// answer hands what the witness showed to every attachment that still stands, in terms of what that had delivered.
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
	outcome := ProbeComplete
	for _, a := range w.prober.attachments {
		own, ok := asked[a]
		if !ok {
			continue
		}
		own.witness, own.at, own.count = shown.witness, shown.at, shown.count
		if shown.newest > own.since {
			own.newest = shown.newest
		}
		switch {
		case own.at < own.since:
			outcome = ProbePast
		case !own.complete():
			outcome = ProbeNewer
		}
		select {
		case a.probes <- own:
		default:
			// The reader has not weighed the last one yet; another will come.
		}
	}
	w.cfg.Stats.probed(outcome)
}

// endProbes takes an attachment out of the probes, and ends one that nobody waits for any more.
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

// weigh draws a conclusion from a probe: the reader is complete, or it is suspect and has the grace period, or
// nothing, because the witness lives in the past.
func (a *attachment) weigh(p probe) {
	if p.at < p.since {
		// No linearizable read is older than what was seen before it began. A member restored from a backup answers so.
		a.watch.log.Warn("probe lies in the past", a.watch.where(p.witness, p.begun).Fields(zap.Int64("revision", p.at))...)
		return
	}
	a.watch.update(nil, func(s *state) {
		position := a.reader.position
		switch {
		case p.complete():
			// The keys at p.at are those at p.since, hence those held, unless the reader has moved on in between.
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
// With a newer key it is enough to have reached that key's revision. Without one, keys were deleted somewhere
// between since and at, and nothing else happened to those that are left. Reaching at is then enough, but a quiet
// prefix may never reach it: the last deletion can lie before it. So the keys not written after since, which only
// ever become fewer, are counted. At revision at there were p.count of them; when the reader holds that many it has
// delivered the last deletion up to at. This holds under any churn after at, and so raises no false alarm.
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

// acquit drops a suspicion that the reader has met. The caller holds the watch's lock.
func (a *attachment) acquit() {
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
