package virtual

import (
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/rafthttp"

	"github.com/stormwatch/stormwatch/harness/link"
)

// contact says since when a server has been connected to a peer. rafthttp sends heartbeats of its own on its connections, so that even
// two followers, which have no raft messages for each other, know whether the other is up. Here no such heartbeats are sent: a peer is in
// contact while they could reach the server.
type contact struct {
	with  *run // the run of the peer that the server is in contact with, nil if none
	since time.Time
}

// contactInterval is how often contacts are updated when nobody asks for them. rafthttp closes a connection that was silent for this long.
const contactInterval = rafthttp.DefaultConnReadTimeout

// watchContacts updates the contacts of all members until the cluster ends, so that a contact that broke and came back counts as new.
func (c *cluster) watchContacts() {
	ticker := time.NewTicker(contactInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-c.ending.Done():
			return
		}
		for _, m := range c.list() {
			if r := m.current.Load(); r != nil {
				r.transport.updateContacts()
			}
		}
	}
}

// updateContacts updates the contact of every peer.
func (t *transport) updateContacts() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.peers {
		t.updateContact(p)
	}
}

// updateContact updates the contact of one peer. The caller holds t.mu.
func (t *transport) updateContact(p *peer) {
	heard := t.heardFrom(p.id)
	if heard != p.with {
		p.contact = contact{with: heard, since: time.Now()}
	}
}

// heardFrom is the current run of a member if its messages reach this server now, else nil.
func (t *transport) heardFrom(id types.ID) *run {
	me := t.run.member
	from := me.cluster.memberByID(id)
	if from == nil {
		return nil
	}
	for _, at := range link.PeerPoints(me.cluster.env.Board, me.cluster.name, from.name, me.name) {
		if me.cluster.env.Board.Stops(at) {
			return nil
		}
	}
	return from.current.Load()
}

// ActiveSince is since when the peer has been in contact; zero if it is not now.
func (t *transport) ActiveSince(id types.ID) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.peer(id)
	if p == nil {
		return time.Time{}
	}
	t.updateContact(p)
	if p.with == nil {
		return time.Time{}
	}
	return p.since
}

// ActivePeers counts the peers in contact.
func (t *transport) ActivePeers() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	active := 0
	for _, p := range t.peers {
		t.updateContact(p)
		if p.with != nil {
			active++
		}
	}
	return active
}
