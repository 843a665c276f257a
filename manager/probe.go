package manager

import (
	"context"
	"errors"
	"slices"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// inquiry compares the seated lanes of a watch with linearizable reads through other members: one at a time, at most
// one a probe interval, and the answer serves every lane. The watch's lock guards it.
//
// One read asks for the newest key under the prefix that was written after the revision that the last of the lanes
// has reached, and, since etcd counts before it filters, learns with it how many keys there are. A newer key, or
// another count than a lane holds, shows that something happened which that lane has yet to deliver. Both are about
// the prefix alone: writes elsewhere in the cluster, and a progress answer that was lost or that lies, cannot
// mislead it.
type inquiry struct {
	parties []*seat
	// begun is when the last read began. While it is under way, cancel ends it and ended closes when it has.
	begun  time.Time
	cancel context.CancelFunc
	ended  chan struct{}
}

// testimony is what a witness showed to one seat, beside what that knew when the witness was asked.
type testimony struct {
	witness *member
	begun   time.Time
	// since is the lane's revision at the time of asking, held the number of its keys.
	since int64
	held  int
	// at is the revision of the read, newest the mod revision of the newest key written after since (zero if none),
	// count the number of all keys.
	at, newest, count int64
}

// startProbe asks the next witness on behalf of all seats, unless an earlier question is open or too recent. The
// answer is not waited for here, where events are taken in.
func (s *seat) startProbe(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := &s.inquiry
	now := time.Now()
	if q.cancel != nil || s.suspicion != nil || now.Sub(q.begun) < s.cfg.ProbeInterval {
		return
	}
	question := testimony{begun: now, since: s.reached}
	var seats []*member
	asked := make(map[*seat]testimony)
	for _, party := range q.parties {
		seats = append(seats, party.member)
		asked[party] = testimony{begun: now, since: party.reached, held: len(party.held)}
		question.since = min(question.since, party.reached)
	}
	question.held = len(s.held)
	question.witness = s.pool.witness(seats...)
	// It serves the other lane too, so it must outlive this seat.
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ProbeTimeout)
	ended := make(chan struct{})
	q.begun, q.cancel, q.ended = now, cancel, ended
	w := s.guardedWatch
	go func() {
		defer close(ended)
		defer cancel()
		err := w.ask(bounded, &question)
		w.answer(bounded, question, asked, err)
	}()
}

// ask reads through the witness.
func (w *guardedWatch) ask(ctx context.Context, t *testimony) error {
	client, err := w.pool.client(t.witness)
	if err != nil {
		return err
	}
	resp, err := pb.NewKVClient(client.ActiveConnection()).Range(ctx, &pb.RangeRequest{
		Key:            []byte(w.prefix),
		RangeEnd:       []byte(clientv3.GetPrefixRangeEnd(w.prefix)),
		KeysOnly:       true,
		MinModRevision: t.since + 1,
		SortTarget:     pb.RangeRequest_MOD,
		SortOrder:      pb.RangeRequest_DESCEND,
		Limit:          1,
	}, callOptions...)
	if err != nil {
		return err
	}
	w.pool.answered(t.witness, resp.Header)
	t.at, t.count = resp.Header.Revision, resp.Count
	if len(resp.Kvs) > 0 {
		t.newest = resp.Kvs[0].ModRevision
	}
	return nil
}

// answer hands what the witness showed to every seat that is still taken, put in terms of what that seat knew.
func (w *guardedWatch) answer(ctx context.Context, t testimony, asked map[*seat]testimony, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inquiry.cancel = nil
	if err != nil {
		if !errors.Is(ctx.Err(), context.Canceled) {
			w.tally.probed(probeUnanswered)
			w.pool.failed(t.witness)
			w.log.Debug("probe proved nothing", w.where(t.witness, t.begun).fields(zap.Error(err))...)
		}
		return
	}
	outcome := probeComplete
	for _, party := range w.inquiry.parties {
		own, ok := asked[party]
		if !ok {
			continue
		}
		own.witness, own.at, own.count = t.witness, t.at, t.count
		if t.newest > own.since {
			own.newest = t.newest
		}
		switch {
		case own.at < own.since:
			outcome = probePast
		case !own.complete():
			outcome = probeNewer
		}
		select {
		case party.testimonies <- own:
		default:
			// The seat has not weighed the last one yet; another will come.
		}
	}
	w.tally.probed(outcome)
}

// dismiss takes the seat out of the inquiry, and ends one that nobody waits for any more.
func (s *seat) dismiss() {
	q := &s.inquiry
	s.mu.Lock()
	q.parties = slices.DeleteFunc(q.parties, func(other *seat) bool { return other == s })
	var ended chan struct{}
	if len(q.parties) == 0 && q.cancel != nil {
		q.cancel()
		ended = q.ended
	}
	s.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

// complete reports whether the testimony shows nothing that the lane did not hold when it was given.
func (t testimony) complete() bool { return t.newest == 0 && t.count == int64(t.held) }

// weigh draws a conclusion from an answer: the lane is complete, or it is suspect and has the grace period, or
// nothing, because the witness lives in the past.
func (s *seat) weigh(t testimony, grace *time.Timer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case t.at < t.since:
		// No linearizable read is older than what was seen before it began. A member restored from a backup answers so.
		s.log.Warn("probe lies in the past", s.where(t.witness, t.begun).fields(zap.Int64("revision", t.at))...)
	case t.complete():
		// The keys at t.at are those at t.since, hence those held, unless the lane has moved on in between.
		s.proven = t.begun
		if s.reached == t.since && t.at > t.since {
			s.reached, s.floor = t.at, t.at
			s.prune()
		}
		s.publish(0, nil)
	case s.livesUpTo(t):
		s.proven = t.begun
		s.publish(0, nil)
	case s.suspicion == nil:
		s.suspicion = &t
		grace.Reset(s.cfg.ProbeGrace)
	}
}

// livesUpTo reports whether the lane has delivered what a testimony showed.
//
// With a newer key it is enough to have reached that key's revision. Without one, keys were deleted somewhere
// between since and at, and nothing else happened to those that are left. Reaching at is then enough, but a quiet
// prefix may never reach it: the last deletion can lie before it. So the keys not written after since, which only
// ever become fewer, are counted. At revision at there were t.count of them; when the lane holds that many it has
// delivered the last deletion up to at. This holds under any churn after at, and so raises no false alarm.
func (s *seat) livesUpTo(t testimony) bool {
	if s.reached >= t.at || (t.newest > 0 && s.reached >= t.newest) {
		return true
	}
	if t.newest > 0 {
		return false
	}
	var old int64
	for _, revision := range s.held {
		if revision <= t.since {
			old++
		}
	}
	return old == t.count
}

// acquit drops a suspicion that the lane has met. The caller holds the lock and publishes.
func (s *seat) acquit(grace *time.Timer) {
	if s.suspicion != nil && s.livesUpTo(*s.suspicion) {
		s.proven = s.suspicion.begun
		s.suspicion = nil
		grace.Stop()
	}
}

func (s *seat) stale() error {
	t := s.suspicion
	shown := t.newest
	if shown == 0 {
		shown = t.at
	}
	return &StaleError{
		Where:   s.where(s.member, t.begun),
		Witness: t.witness.endpoint,
		Seen:    s.reached,
		Shown:   shown,
	}
}
