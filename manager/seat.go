package manager

import (
	"context"
	"errors"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// errUnconfirmed is a watch that speaks before it was confirmed; what else was lost with the confirmation nobody
// can tell.
var errUnconfirmed = errors.New("the member answered without confirming the watch")

// seat is a lane on one member, from the attempt to sit down until there is a reason to leave.
type seat struct {
	*lane
	stream *stream
	// confined is the member's quarantine when the lane came; a later one is a verdict spoken since.
	confined time.Time
	// begun is when the lane came, seated when the member confirmed the watch, heard when it last answered.
	begun, seated, heard time.Time
	// testimonies are what witnesses showed, suspicion what the watch still has to live up to; nil if nothing.
	testimonies chan testimony
	suspicion   *testimony
}

// sit follows the prefix through m until something speaks against it, and returns how long the watch was seated
// and what that was.
func (l *lane) sit(ctx context.Context, m *member) (time.Duration, error) {
	s := &seat{lane: l, confined: l.pool.confinedUntil(m), begun: time.Now(), testimonies: make(chan testimony, 1)}
	client, err := l.pool.client(m)
	if err != nil {
		return 0, &OpError{Where: l.where(m, s.begun), Op: "dial", Err: err}
	}
	if l.mustRead {
		if err := l.read(ctx, m, client); err != nil {
			return 0, err
		}
	}

	ctx, leave := context.WithCancel(ctx)
	// From what was reached, not from what comes next: etcd answers no progress request on a watch that begins past the
	// store's revision. A watch from the next revision is silent until somebody writes. What is told twice is passed
	// over.
	s.stream = openStream(ctx, client, &pb.WatchCreateRequest{
		Key:            []byte(l.prefix),
		RangeEnd:       []byte(clientv3.GetPrefixRangeEnd(l.prefix)),
		StartRevision:  l.reached,
		ProgressNotify: true,
	}, l.cfg.ProgressInterval)
	defer func() {
		leave()
		s.stream.wait()
		s.dismiss()
	}()

	if err := s.takeSeat(ctx); err != nil {
		return 0, err
	}
	err = s.follow(ctx)
	return time.Since(s.seated), err
}

// takeSeat waits for the member to confirm the watch.
func (s *seat) takeSeat(ctx context.Context) error {
	limit := time.NewTimer(s.allowance(s.cfg.CreateTimeout))
	defer limit.Stop()
	var err error
	select {
	case response := <-s.stream.responses:
		if response.Canceled {
			return s.canceled(response)
		}
		if !response.Created {
			err = errUnconfirmed
			break
		}
		s.seated = time.Now()
		s.heard = s.seated
		s.pool.answered(s.member, response.Header)
		if !s.settle(response.Header.GetClusterId()) {
			return errCompany
		}
		s.timeouts = 0
		s.log.Info("watch took a seat", s.where(s.member, s.begun).fields(zap.Int64("revision", s.reached))...)
		return nil
	case err = <-s.stream.ended:
	case <-limit.C:
		err = context.DeadlineExceeded
	case <-ctx.Done():
		err = ctx.Err()
	}
	return &OpError{Where: s.where(s.member, s.begun), Op: "create watch", Err: rpctypes.Error(err)}
}

// settle makes the seat known, unless the other lane sits on the same member.
func (s *seat) settle(clusterID uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.other(); other != nil && other.endpoint != "" && s.pool.same(s.member, other.member) {
		return false
	}
	s.endpoint = s.member.endpoint
	s.inquiry.parties = append(s.inquiry.parties, s)
	s.publish(clusterID, nil)
	return true
}

// follow takes in what the member sends until it is to be left. It alone reads and changes the watch's knowledge;
// the stream and the probe only bring it things.
func (s *seat) follow(ctx context.Context) error {
	idle := time.NewTimer(s.cfg.IdleTimeout)
	defer idle.Stop()
	probes := time.NewTicker(s.cfg.ProbeInterval)
	defer probes.Stop()
	if s.cfg.WithoutProbe {
		probes.Stop()
	}
	grace := time.NewTimer(s.cfg.ProbeGrace)
	grace.Stop()
	defer grace.Stop()

	for {
		verdicts := s.pool.verdicts.wait()
		if s.pool.confinedUntil(s.member).After(s.confined) {
			return errExpelled
		}
		select {
		case response := <-s.stream.responses:
			if err := s.receive(response, idle, grace); err != nil {
				return err
			}
		case <-idle.C:
			heard, err := s.lastWord(idle, grace)
			if err != nil {
				return err
			}
			if heard {
				continue
			}
			return &IdleTimeoutError{Where: s.where(s.member, s.heard), Idle: s.cfg.IdleTimeout}
		case <-probes.C:
			s.startProbe(ctx)
		case answer := <-s.testimonies:
			s.weigh(answer, grace)
		case <-grace.C:
			heard, err := true, error(nil)
			for heard && err == nil && s.suspicion != nil {
				heard, err = s.lastWord(idle, grace)
			}
			if err != nil {
				return err
			}
			if s.suspicion != nil {
				return s.stale()
			}
		case <-verdicts:
		case err := <-s.stream.ended:
			return &OpError{Where: s.where(s.member, s.seated), Op: "watch", Err: rpctypes.Error(err)}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lastWord takes a response that came at the very instant at which the member was to be found wanting, and reports
// whether there was one. A process that was held up itself sees its timers run out and the answers waiting, and
// must not blame the member.
func (s *seat) lastWord(idle, grace *time.Timer) (heard bool, err error) {
	select {
	case response := <-s.stream.responses:
		return true, s.receive(response, idle, grace)
	default:
		return false, nil
	}
}

// receive takes one response in. Whatever it says, the member is not silent.
func (s *seat) receive(response *pb.WatchResponse, idle, grace *time.Timer) error {
	s.heard = time.Now()
	idle.Reset(s.cfg.IdleTimeout)
	if response.Canceled || response.CompactRevision != 0 {
		return s.canceled(response)
	}
	s.take(response, grace)
	return nil
}

// take merges the events of a response.
func (s *seat) take(response *pb.WatchResponse, grace *time.Timer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.reached
	where := s.where(s.member, s.seated)
	var malformed error
	for _, event := range response.Events {
		// A watch begins with what was reached, so that its first events may be known.
		if event.Kv.ModRevision <= known {
			continue
		}
		deleted := event.Type == mvccpb.Event_DELETE
		if deleted {
			delete(s.held, string(event.Kv.Key))
		} else {
			s.held[string(event.Kv.Key)] = event.Kv.ModRevision
		}
		if err := s.merge(event.Kv, deleted, where); err != nil {
			malformed = err
		}
		s.reached = event.Kv.ModRevision
	}
	if s.cfg.WithoutProbe {
		// Nobody asks for a better proof.
		s.proven = s.heard
	} else if s.reached == known {
		return
	}
	s.floor = s.reached
	s.prune()
	s.acquit(grace)
	s.publish(response.Header.GetClusterId(), malformed)
}

// canceled says why the member ended the watch.
func (s *seat) canceled(response *pb.WatchResponse) error {
	where := s.where(s.member, s.begun)
	if response.CompactRevision != 0 {
		return &CompactedError{Where: where, Wanted: s.reached, Compacted: response.CompactRevision}
	}
	return &OpError{Where: where, Op: "watch canceled", Err: cancelReason(response.CancelReason)}
}

// cancelReason makes etcd's typed error of the text with which a member cancels a watch, where it has one.
func cancelReason(text string) error {
	if text == "" {
		return errors.New("no reason given")
	}
	return rpctypes.Error(errors.New(text))
}
