package guard

import (
	"context"
	"errors"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// errUnconfirmed is a watch that speaks before it was confirmed; what else was lost with the confirmation nobody
// can tell.
var errUnconfirmed = errors.New("the member answered without confirming the watch")

// attachment is a reader on one member, from the attempt to attach until there is a reason to leave. Its fields belong to
// the reader's goroutine, which alone reads what the channels bring.
type attachment struct {
	reader *reader
	watch  *Watch
	member *member
	stream *stream
	// quarantined is the member's quarantine when the reader came; a later one was imposed since.
	quarantined time.Time
	// begun is when the reader came, confirmed when the member confirmed the watch, heard when it last answered.
	begun, confirmed, heard time.Time
	idle, grace             *time.Timer
	// probes are what probes showed, suspicion what the watch still has to deliver; nil if nothing.
	probes    chan probe
	suspicion *probe
}

// attach follows the prefix through m until something speaks against it, and returns how long the watch stood
// and what that was.
func (r *reader) attach(ctx context.Context, m *member) (time.Duration, error) {
	w := r.watch
	a := &attachment{
		reader: r, watch: w, member: m,
		quarantined: w.client.pool.quarantinedUntil(m), begun: time.Now(), probes: make(chan probe, 1),
	}
	client, err := a.dial(ctx)
	if err != nil {
		return 0, err
	}
	if r.mustRead {
		if err := r.read(ctx, m, client); err != nil {
			return 0, err
		}
	}

	ctx, leave := context.WithCancel(ctx)
	// From what was reached, not from what comes next: etcd answers no progress request on a watch that begins past the
	// store's revision. A watch from the next revision is silent until somebody writes. What is told twice is passed
	// over.
	a.stream = openStream(ctx, client, &pb.WatchCreateRequest{
		Key:            []byte(w.prefix),
		RangeEnd:       []byte(clientv3.GetPrefixRangeEnd(w.prefix)),
		StartRevision:  a.reached(),
		ProgressNotify: true,
	}, w.cfg.Options.ProgressInterval)
	defer func() {
		leave()
		a.stream.wait()
		w.endProbes(a)
	}()

	if err := a.confirm(ctx); err != nil {
		return 0, err
	}
	err = a.follow(ctx)
	return time.Since(a.confirmed), err
}

// dial returns the member's client. Making it may fetch a token, which may take Options.DialTimeout.
func (a *attachment) dial(ctx context.Context) (*clientv3.Client, error) {
	client, err := a.watch.client.pool.client(ctx, a.member)
	if err != nil {
		return nil, &OpError{Where: a.watch.where(a.member, a.begun), Op: "dial", Err: err}
	}
	return client, nil
}

func (a *attachment) reached() int64 {
	a.watch.mu.Lock()
	defer a.watch.mu.Unlock()
	return a.reader.position.reached
}

// confirm waits for the member to confirm the watch.
func (a *attachment) confirm(ctx context.Context) error {
	w := a.watch
	limit := time.NewTimer(a.reader.escalated(w.cfg.Options.CreateTimeout))
	defer limit.Stop()
	var err error
	select {
	case response := <-a.stream.responses:
		if response.Canceled {
			return a.canceled(response)
		}
		if !response.Created {
			err = errUnconfirmed
			break
		}
		a.confirmed = time.Now()
		a.heard = a.confirmed
		w.client.pool.answered(a.member, response.Header)
		if !a.announce(response.Header.GetClusterId()) {
			return errSameMember
		}
		a.reader.timeouts = 0
		w.log.Info("watch attached to a member", w.where(a.member, a.begun).Fields(zap.Int64("revision", a.reached()))...)
		return nil
	case err = <-a.stream.ended:
	case <-limit.C:
		err = context.DeadlineExceeded
	case <-ctx.Done():
		err = ctx.Err()
	}
	return &OpError{Where: w.where(a.member, a.begun), Op: "create watch", Err: rpctypes.Error(err)}
}

// announce makes the attachment known, unless the other reader is attached to the same member.
func (a *attachment) announce(clusterID uint64) (alone bool) {
	w := a.watch
	w.update(nil, func(s *state) {
		if other := s.other(a.reader.position); other != nil && other.endpoint != "" && w.client.pool.same(a.member, other.member) {
			return
		}
		alone = true
		a.reader.position.endpoint = a.member.endpoint
		s.belongs(clusterID)
		w.prober.attachments = append(w.prober.attachments, a)
	})
	return alone
}

// follow takes in what the member sends until it is to be left.
func (a *attachment) follow(ctx context.Context) error {
	w, o := a.watch, a.watch.cfg.Options
	a.idle = time.NewTimer(o.IdleTimeout)
	defer a.idle.Stop()
	ticker := time.NewTicker(o.ProbeInterval)
	defer ticker.Stop()
	if o.WithoutProbe {
		ticker.Stop()
	}
	a.grace = time.NewTimer(o.ProbeGrace)
	a.grace.Stop()
	defer a.grace.Stop()

	for {
		quarantines := w.client.pool.quarantines.wait()
		if w.client.pool.quarantinedUntil(a.member).After(a.quarantined) {
			return errQuarantined
		}
		select {
		case response := <-a.stream.responses:
			if err := a.receive(response); err != nil {
				return err
			}
		case <-a.idle.C:
			heard, err := a.receiveWaiting()
			if err != nil {
				return err
			}
			if !heard {
				return &IdleTimeoutError{Where: w.where(a.member, a.heard), Idle: o.IdleTimeout}
			}
		case <-ticker.C:
			w.startProbe(ctx, a)
		case p := <-a.probes:
			a.weigh(p)
		case <-a.grace.C:
			heard, err := true, error(nil)
			for heard && err == nil && a.suspicion != nil {
				heard, err = a.receiveWaiting()
			}
			if err != nil {
				return err
			}
			if a.suspicion != nil {
				return a.stale()
			}
		case <-quarantines:
		case err := <-a.stream.ended:
			return &OpError{Where: w.where(a.member, a.confirmed), Op: "watch", Err: rpctypes.Error(err)}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// receiveWaiting takes a response that came at the very instant at which the member was to be given up, and reports
// whether there was one. A process that was held up itself sees its timers run out and the answers waiting, and
// must not blame the member.
func (a *attachment) receiveWaiting() (heard bool, err error) {
	select {
	case response := <-a.stream.responses:
		return true, a.receive(response)
	default:
		return false, nil
	}
}

// receive takes one response in. Whatever it says, the member is not silent.
func (a *attachment) receive(response *pb.WatchResponse) error {
	a.heard = time.Now()
	a.idle.Reset(a.watch.cfg.Options.IdleTimeout)
	if response.Canceled || response.CompactRevision != 0 {
		return a.canceled(response)
	}
	if len(response.Events) == 0 && !a.watch.cfg.Options.WithoutProbe {
		return nil
	}
	a.watch.update(nil, func(s *state) {
		s.take(a.reader.position, response.Events)
		if a.watch.cfg.Options.WithoutProbe {
			// Nobody asks for a better proof.
			a.reader.position.proven = a.heard
		}
		a.acquit()
	})
	return nil
}

// canceled says why the member ended the watch.
func (a *attachment) canceled(response *pb.WatchResponse) error {
	where := a.watch.where(a.member, a.begun)
	if response.CompactRevision != 0 {
		return &CompactedError{Where: where, Wanted: a.reached(), Compacted: response.CompactRevision}
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
