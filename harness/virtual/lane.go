package virtual

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	httptypes "go.etcd.io/etcd/server/v3/etcdserver/api/etcdhttp/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/snap"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/stormwatch/stormwatch/harness/link"
	"github.com/stormwatch/stormwatch/harness/point"
)

// laneLength is how many messages may be on the way from one member to another, as in rafthttp.
const laneLength = 4096

// lane is the way of raft traffic from one life to another member. One goroutine takes each message past the points of the way:
//
//	raft loop ──► queue ──► peer-send ──► peer-recv ──► the other's raft
//
// Dropped, it is lost. Delayed, it arrives that much after it was sent, and those behind it no sooner. Held, it waits with all
// behind it, until the queue is full and raft learns that the peer is unreachable.
type lane struct {
	from   *life
	to     *member
	points []point.Path
	queue  chan parcel // closed, under the transport's lock, when the lane is
}

// parcel is a message on its way.
type parcel struct {
	message  *raftpb.Message
	snapshot *snap.Message // what comes with a MsgSnap, else nil
	sent     time.Time
	to       *life // a message is lost with the one that it was sent to
}

func newLane(from *life, to *member) *lane {
	return &lane{
		from:   from,
		to:     to,
		points: link.PeerPoints(to.cluster.name, from.member.name, to.name),
		queue:  make(chan parcel, laneLength),
	}
}

// run carries what comes until the lane is closed, and loses what is still on the way when the sender's life ends.
func (l *lane) run() {
	for p := range l.queue {
		l.carry(p)
	}
}

var (
	errLost    = errors.New("lost on the way to the peer")
	errDown    = errors.New("the peer is down")
	errRemoved = errors.New("the member has been permanently removed from the cluster")
)

// carry takes a parcel to the other end and reports what rafthttp would.
func (l *lane) carry(p parcel) {
	err := l.pass(p)
	if err == nil {
		err = l.deliver(p)
	}
	if p.snapshot != nil {
		p.snapshot.CloseWithError(err)
		l.from.transport.reportSnapshot(p.message.GetTo(), err)
	}
	switch {
	case errors.Is(err, errRemoved):
		// rafthttp tells its server to stop, through a channel that we have not got.
		l.from.member.cluster.running.Go(l.from.bury)
	case errors.Is(err, errDown) && p.snapshot == nil:
		l.from.server.ReportUnreachable(p.message.GetTo())
	}
}

// pass takes a parcel past the points. It returns errLost if it does not come through.
func (l *lane) pass(p parcel) error {
	if l.from.ctx.Err() != nil {
		return errLost
	}
	board, due := l.to.cluster.env.Board, p.sent
	for _, at := range l.points {
		d := board.Decide(at)
		switch d.Kind {
		case point.Pass:
			continue
		case point.Delay:
			due = due.Add(d.Delay)
			if d.Delay = time.Until(due); d.Delay <= 0 {
				continue
			}
		case point.Hang:
		default:
			return errLost
		}
		if board.Hold(l.from.ctx.Done(), at, d) != nil {
			return errLost
		}
	}
	return nil
}

// deliver hands the parcel to the other's raft.
func (l *lane) deliver(p parcel) error {
	if p.to.ctx.Err() != nil {
		return errDown
	}
	m := own(p.message)
	if m.GetType() == raftpb.MsgProp {
		select {
		case p.to.proposals <- m:
			return nil
		default:
			return errLost
		}
	}
	if p.snapshot != nil {
		if err := p.to.saveSnapshot(p.snapshot); err != nil {
			return err
		}
	}
	// raft takes all but proposals at once, so that there is nothing to be interrupted.
	err := p.to.server.Process(context.Background(), m)
	if refused := (*httptypes.HTTPError)(nil); errors.As(err, &refused) && refused.Code == http.StatusForbidden {
		return errRemoved
	}
	if err != nil {
		return errDown
	}
	return nil
}

// own makes a message the receiver's. Its sender never touches it again, or rafthttp, which encodes messages at its leisure, could not
// work; only the entries and the snapshot are those of the sender's log.
func own(m *raftpb.Message) *raftpb.Message {
	if len(m.GetEntries()) == 0 && m.GetSnapshot() == nil {
		return m
	}
	return proto.Clone(m).(*raftpb.Message)
}

// saveSnapshot stores the database that comes with a snapshot where the server looks for it.
func (l *life) saveSnapshot(s *snap.Message) error {
	index := s.GetSnapshot().GetMetadata().GetIndex()
	if _, err := snap.New(l.server.Logger(), l.server.Cfg.SnapDir()).SaveDBFrom(s.ReadCloser, index); err != nil {
		return fmt.Errorf("member %s: save a snapshot: %w", l.member, err)
	}
	return nil
}
