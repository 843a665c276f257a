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

// seat is a guarded watch on one member, from the attempt to sit down until there is a reason to leave.
type seat struct {
	*guardedWatch
	member *member
	stream *stream
	// confined is the member's quarantine when the watch came; a later one is a verdict spoken since.
	confined time.Time
	// begun is when the watch came, seated when the member confirmed it, heard when it last answered.
	begun, seated, heard time.Time
	probe                probe
}

// sit follows the prefix through m until something speaks against it, and returns how long the watch was seated
// and what that was.
func (w *guardedWatch) sit(ctx context.Context, m *member) (time.Duration, error) {
	s := &seat{guardedWatch: w, member: m, confined: w.pool.confinedUntil(m), begun: time.Now()}
	client, err := w.pool.client(m)
	if err != nil {
		return 0, &OpError{Where: w.where(m, s.begun), Op: "dial", Err: err}
	}
	if w.mustRead {
		if err := w.read(ctx, m, client); err != nil {
			return 0, err
		}
	}

	ctx, leave := context.WithCancel(ctx)
	s.stream = openStream(ctx, client, &pb.WatchCreateRequest{
		Key:            []byte(w.prefix),
		RangeEnd:       []byte(clientv3.GetPrefixRangeEnd(w.prefix)),
		StartRevision:  w.revision + 1,
		ProgressNotify: true,
	}, w.cfg.ProgressInterval)
	defer func() {
		leave()
		s.stream.wait()
		s.probe.wait()
	}()

	if err := s.takeSeat(ctx); err != nil {
		return 0, err
	}
	err = s.follow(ctx)
	return time.Since(s.seated), err
}

// takeSeat waits for the member to confirm the watch.
func (s *seat) takeSeat(ctx context.Context) error {
	limit := time.NewTimer(s.cfg.CreateTimeout)
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
		s.publish(s.member.endpoint, response.Header.GetClusterId(), nil)
		s.log.Info("watch took a seat", zap.String("endpoint", s.member.endpoint), zap.Int64("revision", s.revision))
		return nil
	case err = <-s.stream.ended:
	case <-limit.C:
		err = context.DeadlineExceeded
	case <-ctx.Done():
		err = ctx.Err()
	}
	return &OpError{Where: s.where(s.member, s.begun), Op: "create watch", Err: rpctypes.Error(err)}
}

// follow takes in what the member sends until it is to be left. It alone reads and changes the watch's knowledge;
// the stream and the probe only bring it things.
func (s *seat) follow(ctx context.Context) error {
	idle := time.NewTimer(s.cfg.IdleTimeout)
	defer idle.Stop()
	probes := time.NewTicker(s.cfg.ProbeInterval)
	defer probes.Stop()
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
		case answer := <-s.probe.answers:
			s.weigh(ctx, answer, grace)
		case <-grace.C:
			heard, err := true, error(nil)
			for heard && err == nil && s.probe.suspicion != nil {
				heard, err = s.lastWord(idle, grace)
			}
			if err != nil {
				return err
			}
			if s.probe.suspicion != nil {
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
	known := s.revision
	var malformed error
	for _, event := range response.Events {
		// A member may repeat what was seen already, for instance when it lags behind the one before it.
		if event.Kv.ModRevision <= known {
			continue
		}
		if event.Type == mvccpb.Event_DELETE {
			s.remove(string(event.Kv.Key))
		} else if err := s.put(event.Kv, s.member, s.seated); err != nil {
			malformed = err
		}
		s.revision = event.Kv.ModRevision
	}
	if s.revision != known {
		s.publish(s.member.endpoint, response.Header.GetClusterId(), malformed)
		s.acquit(grace)
	}
	return nil
}

// canceled says why the member ended the watch.
func (s *seat) canceled(response *pb.WatchResponse) error {
	where := s.where(s.member, s.begun)
	if response.CompactRevision != 0 {
		return &CompactedError{Where: where, Wanted: s.revision + 1, Compacted: response.CompactRevision}
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
