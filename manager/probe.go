package manager

import (
	"context"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// probe compares a seated watch with linearizable reads through other members.
//
// One read asks for the newest key under the prefix that was written after the revision the watch has reached,
// and, since etcd counts before it filters, learns with it how many keys there are. A newer key, or another count
// than the watch holds, shows that something happened which the watch has yet to deliver. Both are about the
// prefix alone: writes elsewhere in the cluster, and a progress answer that was lost or that lies, cannot
// mislead it.
type probe struct {
	wg      sync.WaitGroup
	busy    bool
	answers chan testimony
	// suspicion is what the watch still has to live up to; nil if nothing.
	suspicion *testimony
}

// testimony is what a witness showed, beside what the watch knew when it was asked.
type testimony struct {
	witness *member
	begun   time.Time
	// since is the watch's revision at the time of asking, held the number of its keys.
	since int64
	held  int
	// at is the revision of the read, newest the mod revision of the newest key written after since (zero if none),
	// count the number of all keys.
	at, newest, count int64
	err               error
}

func (p *probe) wait() { p.wg.Wait() }

// startProbe asks the next witness, unless an earlier question is still open: one request at a time, and never in
// the goroutine that takes events in.
func (s *seat) startProbe(ctx context.Context) {
	if s.probe.busy || s.probe.suspicion != nil {
		return
	}
	if s.probe.answers == nil {
		s.probe.answers = make(chan testimony, 1)
	}
	s.probe.busy = true
	t := testimony{witness: s.pool.witness(s.member), begun: time.Now(), since: s.revision, held: len(s.held)}
	s.probe.wg.Go(func() {
		t.err = s.ask(ctx, &t)
		s.probe.answers <- t
	})
}

func (s *seat) ask(ctx context.Context, t *testimony) error {
	client, err := s.pool.client(t.witness)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ProbeTimeout)
	defer cancel()
	resp, err := pb.NewKVClient(client.ActiveConnection()).Range(ctx, &pb.RangeRequest{
		Key:            []byte(s.prefix),
		RangeEnd:       []byte(clientv3.GetPrefixRangeEnd(s.prefix)),
		KeysOnly:       true,
		MinModRevision: t.since + 1,
		SortTarget:     pb.RangeRequest_MOD,
		SortOrder:      pb.RangeRequest_DESCEND,
		Limit:          1,
	}, callOptions...)
	if err != nil {
		return err
	}
	s.pool.answered(t.witness, resp.Header)
	t.at, t.count = resp.Header.Revision, resp.Count
	if len(resp.Kvs) > 0 {
		t.newest = resp.Kvs[0].ModRevision
	}
	return nil
}

// weigh draws a conclusion from an answer: the watch is complete, or it is suspect and has the grace period, or
// nothing, because the witness could not answer.
func (s *seat) weigh(ctx context.Context, t testimony, grace *time.Timer) {
	s.probe.busy = false
	switch {
	case t.err != nil:
		if ctx.Err() == nil {
			s.pool.failed(t.witness)
			s.log.Debug("probe proved nothing", zap.String("witness", t.witness.endpoint), zap.Error(t.err))
		}
	case t.at < t.since:
		// No linearizable read is older than what was seen before it began. A member restored from a backup answers so.
		s.log.Warn("probe lies in the past", zap.String("witness", t.witness.endpoint), zap.Int64("revision", t.at))
	case t.newest == 0 && t.count == int64(t.held):
		// The keys at t.at are those at t.since, hence those held, unless the watch has moved on in between.
		if s.revision == t.since && t.at > t.since {
			s.revision = t.at
			s.publish(s.member.endpoint, 0, nil)
		}
	case !s.livesUpTo(t):
		s.probe.suspicion = &t
		grace.Reset(s.cfg.ProbeGrace)
	}
}

// livesUpTo reports whether the watch has delivered what a testimony showed.
//
// With a newer key it is enough to have reached that key's revision. Without one, keys were deleted somewhere
// between since and at, and nothing else happened to those that are left. Reaching at is then enough, but a quiet
// prefix may never reach it: the last deletion can lie before it. So the keys not written after since, which only
// ever become fewer, are counted. At revision at there were t.count of them; when the watch holds that many it has
// delivered the last deletion up to at. This holds under any churn after at, and so raises no false alarm.
func (s *seat) livesUpTo(t testimony) bool {
	if s.revision >= t.at || (t.newest > 0 && s.revision >= t.newest) {
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

// acquit drops a suspicion that the watch has met.
func (s *seat) acquit(grace *time.Timer) {
	if s.probe.suspicion != nil && s.livesUpTo(*s.probe.suspicion) {
		s.probe.suspicion = nil
		grace.Stop()
	}
}

func (s *seat) stale() error {
	t := s.probe.suspicion
	shown := t.newest
	if shown == 0 {
		shown = t.at
	}
	return &StaleError{
		Where:   s.where(s.member, t.begun),
		Witness: t.witness.endpoint,
		Seen:    s.revision,
		Shown:   shown,
	}
}
