package virtual

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	httptypes "go.etcd.io/etcd/server/v3/etcdserver/api/etcdhttp/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/snap"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/stormwatch/stormwatch/harness/link"
	"github.com/stormwatch/stormwatch/harness/point"
)

// pipeLength is how many messages may be on the way from one member to another at once, as in rafthttp.
const pipeLength = 4096

// pipe carries the raft messages of one run to another member. One goroutine takes each message past the peer points:
//
//	raft loop ──► queue ──► peer-send ──► peer-recv ──► the other's raft
//
// A dropped message is lost. A delayed message arrives that much later, and the messages behind it not before it. A message that hangs
// waits, and so do all behind it; when the queue is full, raft is told that the peer is unreachable.
type pipe struct {
	from   *run
	to     *member
	points []point.Path
	queue  chan *envelope // closed under the transport's lock; of pointers, since a queue is as large as its capacity even while it is empty
}

// envelope is a message on its way to a peer.
type envelope struct {
	message  *raftpb.Message
	snapshot *snap.Message // the database that comes with a MsgSnap, else nil
	sent     time.Time
	to       *run // the run that it was sent to; if that run ends, the message is lost
}

func newPipe(from *run, to *member) *pipe {
	return &pipe{
		from:   from,
		to:     to,
		points: link.PeerPoints(to.cluster.env.Board, to.cluster.name, from.member.name, to.name),
		queue:  make(chan *envelope, pipeLength),
	}
}

// run carries messages until the queue is closed. Messages that are still on the way when the sender's run ends are lost.
func (p *pipe) run() {
	for e := range p.queue {
		p.carry(e)
	}
}

var (
	errLost    = errors.New("lost on the way to the peer")
	errDown    = errors.New("the peer is down")
	errRemoved = errors.New("the member has been permanently removed from the cluster")
)

// carry delivers a message and reports to raft what rafthttp would report.
func (p *pipe) carry(e *envelope) {
	err := p.pass(e)
	if err == nil {
		err = p.deliver(e)
	}
	if e.snapshot != nil {
		e.snapshot.CloseWithError(err)
		p.from.transport.reportSnapshot(e.message.GetTo(), err)
	}
	switch {
	case errors.Is(err, errRemoved):
		// rafthttp would tell its server to stop, through a channel that we cannot reach.
		p.from.member.cluster.running.Go(p.from.endUnlessEnded)
	case errors.Is(err, errDown) && e.snapshot == nil:
		p.from.server.ReportUnreachable(e.message.GetTo())
	}
}

// pass takes a message past the points and blocks while they delay or hold it. It returns errLost if the message is lost.
func (p *pipe) pass(e *envelope) error {
	if p.from.ctx.Err() != nil {
		return errLost
	}
	board, due := p.to.cluster.env.Board, e.sent
	for _, at := range p.points {
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
		if board.Hold(p.from.ctx.Done(), at, d) != nil {
			return errLost
		}
	}
	return nil
}

// deliver hands the message to the receiver's raft.
func (p *pipe) deliver(e *envelope) error {
	if e.to.ctx.Err() != nil {
		return errDown
	}
	m := clone(e.message)
	if m.GetType() == raftpb.MsgProp {
		select {
		case e.to.proposals <- m:
			return nil
		default:
			return errLost
		}
	}
	if e.snapshot != nil {
		if err := e.to.saveSnapshot(e.snapshot); err != nil {
			return err
		}
	}
	// raft accepts every message except proposals at once, so this call needs no deadline.
	err := e.to.server.Process(context.Background(), m)
	if refused := (*httptypes.HTTPError)(nil); errors.As(err, &refused) && refused.Code == http.StatusForbidden {
		return errRemoved
	}
	if err != nil {
		return errDown
	}
	return nil
}

// clone copies a message for the receiver if it shares entries or a snapshot with the sender's log. The sender does not change the other
// parts of a message after it has sent it: rafthttp relies on that too, since it encodes messages later. raft changes its slices of entries,
// but no entry in them, so both sides may share the entries themselves.
func clone(m *raftpb.Message) *raftpb.Message {
	switch {
	case m.GetSnapshot() != nil:
		return proto.Clone(m).(*raftpb.Message)
	case len(m.GetEntries()) > 0:
		return &raftpb.Message{
			Type: m.Type, To: m.To, From: m.From, Term: m.Term, LogTerm: m.LogTerm, Index: m.Index, Commit: m.Commit, Vote: m.Vote,
			Reject: m.Reject, RejectHint: m.RejectHint, Context: m.Context, Entries: slices.Clone(m.Entries),
		}
	}
	return m
}

// saveSnapshot stores the database of a snapshot message where the server looks for it.
func (r *run) saveSnapshot(s *snap.Message) error {
	index := s.GetSnapshot().GetMetadata().GetIndex()
	if _, err := snap.New(r.server.Logger(), r.server.Cfg.SnapDir()).SaveDBFrom(s.ReadCloser, index); err != nil {
		return fmt.Errorf("member %s: save a snapshot: %w", r.member, err)
	}
	return nil
}
