package virtual

import (
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/rafthttp"

	"github.com/stormwatch/stormwatch/harness/link"
)

// contact is since when a server has been hearing a peer. rafthttp's connections carry beats of their own, so that two followers,
// who have nothing to tell each other, still know whether the other is there; a peer is in contact while such beats would come through.
type contact struct {
	with  *life // the peer's life that is heard, nil if none is
	since time.Time
}

// beat is how often contacts are looked after when nobody asks: rafthttp gives up a connection that was silent for so long.
const beat = rafthttp.DefaultConnReadTimeout

// keepContact notices contacts that break and come back, until the cluster ends.
func (c *cluster) keepContact() {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-c.ending.Done():
			return
		}
		for _, m := range c.list() {
			if l := m.alive.Load(); l != nil {
				l.transport.listen()
			}
		}
	}
}

// listen brings all contacts up to now.
func (t *transport) listen() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.peers {
		t.hear(p)
	}
}

// hear brings one contact up to now. The caller holds t.mu.
func (t *transport) hear(p *peer) {
	heard := t.heard(p.id)
	if heard != p.with {
		p.contact = contact{with: heard, since: time.Now()}
	}
}

// heard is the life of a member whose beats come through now, or nil.
func (t *transport) heard(id types.ID) *life {
	me := t.life.member
	from := me.cluster.memberByID(id)
	if from == nil {
		return nil
	}
	for _, at := range link.PeerPoints(me.cluster.name, from.name, me.name) {
		if me.cluster.env.Board.Stops(at) {
			return nil
		}
	}
	return from.alive.Load()
}

// ActiveSince is since when the peer has been in contact; zero if it is not now.
func (t *transport) ActiveSince(id types.ID) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.peer(id)
	if p == nil {
		return time.Time{}
	}
	t.hear(p)
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
		t.hear(p)
		if p.with != nil {
			active++
		}
	}
	return active
}
