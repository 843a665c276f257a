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

// transport carries a server's raft traffic to its peers, in the place of rafthttp's. Messages to one peer go through one lane and
// arrive in order, or not at all; sending never blocks.
type transport struct {
	life *life

	mu      sync.Mutex
	stopped bool
	lanes   []*lane // few, so that looking through them is quicker than a map
	peers   []*peer // those etcd told of, in that order
}

// peer is what a server knows of another member that etcd told it of.
type peer struct {
	id types.ID
	contact
}

var _ rafthttp.Transporter = (*transport)(nil)

func newTransport(l *life) *transport { return &transport{life: l} }

// meet tells the transport of peers whom etcd told its predecessor of.
func (t *transport) meet(members []*membership.Member) {
	for _, m := range members {
		if m.ID != t.life.member.id {
			t.AddPeer(m.ID, m.PeerURLs)
		}
	}
}

// Send hands messages on to their lanes. What has no way to go is reported unreachable, as rafthttp does.
func (t *transport) Send(messages []*raftpb.Message) {
	now := time.Now()
	for _, m := range messages {
		if m.GetTo() != 0 && !t.put(parcel{message: m, sent: now}) {
			t.life.server.ReportUnreachable(m.GetTo())
		}
	}
}

// SendSnapshot does the same with a message that has a database with it.
func (t *transport) SendSnapshot(m *snap.Message) {
	if !t.put(parcel{message: m.Message, snapshot: m, sent: time.Now()}) {
		m.CloseWithError(errNoWay)
		t.reportSnapshot(m.GetTo(), errNoWay)
	}
}

var errNoWay = errors.New("no way to the peer")

// put puts a parcel on its lane, unless there is none or it is full.
func (t *transport) put(p parcel) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lane(types.ID(p.message.GetTo()))
	if l == nil {
		return false
	}
	p.to = l.to.alive.Load()
	if p.to == nil {
		return false
	}
	select {
	case l.queue <- p:
		return true
	default:
		return false
	}
}

// lane is the one to a member of the cluster, known to etcd or not: one that has just joined answers its leader before it has
// learnt who that is. The caller holds t.mu.
func (t *transport) lane(id types.ID) *lane {
	if t.stopped {
		return nil
	}
	for _, l := range t.lanes {
		if l.to.id == id {
			return l
		}
	}
	to := t.life.member.cluster.memberByID(id)
	if to == nil {
		return nil
	}
	l := newLane(t.life, to)
	t.lanes = append(t.lanes, l)
	t.life.running.Go(l.run)
	return l
}

// reportSnapshot tells raft how the sending of a snapshot ended.
func (t *transport) reportSnapshot(to uint64, err error) {
	if err != nil {
		t.life.server.ReportUnreachable(to)
		t.life.server.ReportSnapshot(to, raft.SnapshotFailure)
		return
	}
	t.life.server.ReportSnapshot(to, raft.SnapshotFinish)
}

// AddPeer and AddRemote tell the transport of a peer; its lane is made when there is something to send.
func (t *transport) AddPeer(id types.ID, _ []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.peer(id) == nil {
		t.peers = append(t.peers, &peer{id: id})
	}
}

// AddRemote does nothing: every member of the cluster can be answered.
func (t *transport) AddRemote(types.ID, []string) {}

// UpdatePeer does nothing: members are known by their ids here.
func (t *transport) UpdatePeer(types.ID, []string) {}

// RemovePeer forgets a peer. What is on the way to it still arrives.
func (t *transport) RemovePeer(id types.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.peers = slices.DeleteFunc(t.peers, func(p *peer) bool { return p.id == id })
	t.lanes = slices.DeleteFunc(t.lanes, func(l *lane) bool {
		if l.to.id != id {
			return false
		}
		close(l.queue)
		return true
	})
}

// RemoveAllPeers forgets all peers; etcd tells of those that remain right after it.
func (t *transport) RemoveAllPeers() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.peers = nil
}

// peer finds one that etcd told of. The caller holds t.mu.
func (t *transport) peer(id types.ID) *peer {
	for _, p := range t.peers {
		if p.id == id {
			return p
		}
	}
	return nil
}

// Start does nothing: the transport is made ready.
func (t *transport) Start() error { return nil }

// Stop ends the lanes, and the life with them: etcd stops its transport when it stops itself. It does not wait for them; whoever
// ends the life does.
func (t *transport) Stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return
	}
	t.stopped = true
	t.life.cancel()
	for _, l := range t.lanes {
		close(l.queue)
	}
}

// Handler answers nothing: no raft traffic comes by HTTP here.
func (t *transport) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, fmt.Sprintf("%s: raft traffic goes over lanes in virtual time", r.URL), http.StatusNotFound)
	})
}
