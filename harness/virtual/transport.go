package virtual

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/etcdserver/api/rafthttp"
	"go.etcd.io/etcd/server/v3/etcdserver/api/snap"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// transport carries a server's raft messages to its peers, in place of rafthttp. Messages to one peer go through one pipe: they arrive in
// order or are lost. Sending never blocks.
type transport struct {
	run *run

	mu      sync.Mutex
	stopped bool
	pipes   []*pipe // a slice, since for a few entries a search is faster than a map
	peers   []*peer // those that etcd added, in that order
}

// peer is another member that etcd added to the transport.
type peer struct {
	id types.ID
	contact
}

var _ rafthttp.Transporter = (*transport)(nil)

func newTransport(r *run) *transport { return &transport{run: r} }

// addPeers adds the peers that etcd had already added to the rafthttp transport.
func (t *transport) addPeers(members []*membership.Member) {
	for _, m := range members {
		if m.ID != t.run.member.id {
			t.AddPeer(m.ID, m.PeerURLs)
		}
	}
}

// Send puts messages into their pipes. If a message cannot be sent, Send reports its peer as unreachable, as rafthttp does.
func (t *transport) Send(messages []*raftpb.Message) {
	now := time.Now()
	for _, m := range messages {
		if m.GetTo() != 0 && !t.put(&envelope{message: m, sent: now}) {
			t.run.server.ReportUnreachable(m.GetTo())
		}
	}
}

// SendSnapshot does the same with a message that carries a database.
func (t *transport) SendSnapshot(m *snap.Message) {
	if !t.put(&envelope{message: m.Message, snapshot: m, sent: time.Now()}) {
		m.CloseWithError(errNoWay)
		t.reportSnapshot(m.GetTo(), errNoWay)
	}
}

var errNoWay = errors.New("no way to the peer")

// put puts a message into its pipe. It returns false if there is no pipe or no receiver, or the pipe is full.
func (t *transport) put(e *envelope) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.pipe(types.ID(e.message.GetTo()))
	if p == nil {
		return false
	}
	e.to = p.to.current.Load()
	if e.to == nil {
		return false
	}
	select {
	case p.queue <- e:
		return true
	default:
		return false
	}
}

// pipe returns the pipe to a member of the cluster. etcd need not have added the member as a peer: a member that has just joined answers
// its leader before etcd has added the leader there. The caller holds t.mu.
func (t *transport) pipe(id types.ID) *pipe {
	if t.stopped {
		return nil
	}
	for _, p := range t.pipes {
		if p.to.id == id {
			return p
		}
	}
	to := t.run.member.cluster.memberByID(id)
	if to == nil {
		return nil
	}
	p := newPipe(t.run, to)
	t.pipes = append(t.pipes, p)
	t.run.running.Go(p.run)
	return p
}

// reportSnapshot tells raft whether the snapshot was sent.
func (t *transport) reportSnapshot(to uint64, err error) {
	if err != nil {
		t.run.server.ReportUnreachable(to)
		t.run.server.ReportSnapshot(to, raft.SnapshotFailure)
		return
	}
	t.run.server.ReportSnapshot(to, raft.SnapshotFinish)
}

// AddPeer adds a peer. Its pipe is made when there is something to send.
func (t *transport) AddPeer(id types.ID, _ []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.peer(id) == nil {
		t.peers = append(t.peers, &peer{id: id})
	}
}

// AddRemote does nothing: messages can be sent to every member of the cluster.
func (t *transport) AddRemote(types.ID, []string) {}

// UpdatePeer does nothing: peers are found by their ids, not by their URLs.
func (t *transport) UpdatePeer(types.ID, []string) {}

// RemovePeer removes a peer. Messages that are on the way to it still arrive.
func (t *transport) RemovePeer(id types.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.peers = slices.DeleteFunc(t.peers, func(p *peer) bool { return p.id == id })
	t.pipes = slices.DeleteFunc(t.pipes, func(p *pipe) bool {
		if p.to.id != id {
			return false
		}
		close(p.queue)
		return true
	})
}

// RemoveAllPeers removes all peers. etcd adds those that remain right after it.
func (t *transport) RemoveAllPeers() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.peers = nil
}

// peer returns the peer with the id, or nil. The caller holds t.mu.
func (t *transport) peer(id types.ID) *peer {
	for _, p := range t.peers {
		if p.id == id {
			return p
		}
	}
	return nil
}

// Start does nothing: the transport is ready when it is made.
func (t *transport) Start() error { return nil }

// Stop closes the pipes and cancels the run: etcd stops its transport when it stops itself. Stop does not wait for the pipes' goroutines;
// run.end does.
func (t *transport) Stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return
	}
	t.stopped = true
	t.run.cancel()
	for _, p := range t.pipes {
		close(p.queue)
	}
}

// Handler answers every request with an error, since no raft traffic comes over HTTP here.
func (t *transport) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, fmt.Sprintf("%s: raft traffic goes through pipes in virtual time", r.URL), http.StatusNotFound)
	})
}
