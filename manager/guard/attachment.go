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

// errUnconfirmed is the error of a watch on which a response came before the confirmation. Events may have been lost with
// the confirmation, so the watch is given up.
var errUnconfirmed = errors.New("the member answered without confirming the watch")

// attachment is a reader on one member, from the attempt to attach until there is a reason to leave. Only the reader's
// goroutine uses its fields and receives from its channels.
type attachment struct {
	reader *reader
	watch  *Watch
	member *member
	stream *stream
	// quarantined is the end of the member's quarantine when the attachment began. If it is later now, the member was put
	// into quarantine since.
	quarantined time.Time
	// begun is when the attachment began, confirmed when the member confirmed the watch, and heard when it last answered.
	begun, confirmed, heard time.Time
	// dialed is how long it took to get the member's client.
	dialed time.Duration
	// unproven runs while no probe shows that the reader has delivered everything.
	idle, grace, unproven *time.Timer
	// probes delivers the results of probes. suspicion is the probe whose result the watch has not delivered yet, nil if none.
	probes    chan probe
	suspicion *probe
}

// attach follows the prefix through m until there is a reason to leave m. It returns how long the watch was confirmed, and
// the reason.
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
	if r.mustRead || w.outdated(r.position) {
		if err := r.read(ctx, m, client); err != nil {
			return 0, err
		}
	}

	ctx, leave := context.WithCancel(ctx)
	// The watch begins at the revision reached and not at the next one: etcd does not answer progress requests on a watch
	// that begins past the store's revision, so a watch from the next revision is silent until somebody writes. Events
	// that come twice are ignored.
	a.stream = openStream(ctx, client, &pb.WatchCreateRequest{
		Key:            []byte(w.prefix),
		RangeEnd:       []byte(clientv3.GetPrefixRangeEnd(w.prefix)),
		StartRevision:  a.reached(),
		ProgressNotify: true,
	}, w.cfg.Options.ProgressInterval)
	defer func() {
		leave()
		a.stream.wait()
		w.client.prober.left(a)
	}()

	if err := a.confirm(ctx); err != nil {
		return 0, err
	}
	err = a.follow(ctx)
	return time.Since(a.confirmed), err
}

// dial returns the member's client. If that must be made first, which may fetch a token, dial blocks for it for at most Options.CreateTimeout. What it
// takes is a part of the time for creating the watch.
func (a *attachment) dial(ctx context.Context) (*clientv3.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, a.reader.escalated(a.watch.cfg.Options.CreateTimeout))
	defer cancel()
	client, err := a.watch.client.pool.client(ctx, a.member)
	a.dialed = time.Since(a.begun)
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
	limit := time.NewTimer(a.reader.escalated(w.cfg.Options.CreateTimeout) - a.dialed)
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
		switch foreign, alone := a.announce(response.Header.GetClusterId()); {
		case foreign:
			return a.restored()
		case !alone:
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

// announce publishes the attachment, unless the member belongs to another cluster, or the other reader is attached to the same member.
func (a *attachment) announce(clusterID uint64) (foreign, alone bool) {
	w := a.watch
	w.update(nil, func(s *state) {
		if foreign = s.foreign(clusterID); foreign {
			return
		}
		if other := s.other(a.reader.position); other != nil && other.endpoint != "" && w.client.pool.same(a.member, other.member) {
			return
		}
		alone = true
		a.reader.position.endpoint, a.reader.position.unproven, a.reader.position.confirmed = a.member.endpoint, false, false
		s.belongs(clusterID)
	})
	if alone {
		w.client.prober.attached(a)
	}
	return foreign, alone
}

// follow receives what the member sends until there is a reason to leave it.
func (a *attachment) follow(ctx context.Context) error {
	w, o := a.watch, a.watch.cfg.Options
	a.idle = time.NewTimer(o.IdleTimeout)
	defer a.idle.Stop()
	ticker := time.NewTicker(o.ProbeInterval)
	defer ticker.Stop()
	a.unproven = time.NewTimer(o.unprovenAfter())
	defer a.unproven.Stop()
	if o.WithoutProbe {
		ticker.Stop()
		a.unproven.Stop() // the idle timeout is all there is
	}
	a.grace = time.NewTimer(o.ProbeGrace)
	a.grace.Stop()
	defer a.grace.Stop()

	for {
		changes := w.client.pool.changes.wait()
		if w.client.pool.quarantinedUntil(a.member).After(a.quarantined) {
			return errQuarantined
		}
		if w.outdated(a.reader.position) {
			return a.restored()
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
			w.client.prober.start(a)
		case p := <-a.probes:
			if p.restored {
				return a.restored()
			}
			a.judge(p)
		case <-a.unproven.C:
			a.doubt()
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
		case <-changes:
		case err := <-a.stream.ended:
			return &OpError{Where: w.where(a.member, a.confirmed), Op: "watch", Err: rpctypes.Error(err)}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// prove notes that the reader had delivered everything at an instant. The caller holds the watch's lock.
func (a *attachment) prove(at time.Time) {
	a.reader.position.proven, a.reader.position.unproven, a.reader.position.confirmed = at, false, true
	if !a.watch.cfg.Options.WithoutProbe {
		a.unproven.Reset(a.watch.cfg.Options.unprovenAfter())
	}
}

// doubt notes that no probe has been answered for too long. The watch stays attached: if the cluster has no quorum, no member can answer a probe
// and no update is missed. But if the client reaches only a member that hangs, the others may have written meanwhile, and that member goes on
// answering progress requests.
func (a *attachment) doubt() {
	if len(a.probes) > 0 {
		a.unproven.Reset(0) // the process was suspended, and an answer is waiting
		return
	}
	err := &OpError{Where: a.watch.where(a.member, a.reader.position.proven), Op: "probe watch", Err: ErrUnproven}
	a.watch.update(err, func(*state) { a.reader.position.unproven = true })
}

// receiveWaiting receives a response that is already waiting when the member is about to be given up, and reports whether
// there was one. If this process itself was suspended for a while, its timers expire although answers are waiting, and the
// member is not to blame.
func (a *attachment) receiveWaiting() (heard bool, err error) {
	select {
	case response := <-a.stream.responses:
		return true, a.receive(response)
	default:
		return false, nil
	}
}

// receive processes one response. Any response shows that the member is not silent.
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
		if !s.current(a.reader.position) {
			return // follow leaves the member
		}
		s.take(a.reader.position, response.Events)
		if a.watch.cfg.Options.WithoutProbe {
			// There are no probes, so a progress response is the best proof there is.
			a.prove(a.heard)
		}
		a.clearSuspicion()
	})
	return nil
}

// canceled returns the error with which the member canceled the watch.
func (a *attachment) canceled(response *pb.WatchResponse) error {
	where := a.watch.where(a.member, a.begun)
	if response.CompactRevision != 0 {
		return &CompactedError{Where: where, Wanted: a.reached(), Compacted: response.CompactRevision}
	}
	return &OpError{Where: where, Op: "watch canceled", Err: cancelReason(response.CancelReason)}
}

// cancelReason returns etcd's typed error for the text with which a member canceled a watch, if there is one.
func cancelReason(text string) error {
	if text == "" {
		return errors.New("no reason given")
	}
	return rpctypes.Error(errors.New(text))
}
