// Package link is the path between two ends of a connection that Stormwatch owns, in bytes: from clients to a member, or
// from one member to another. Both engines send their connections through it.
//
//	          ┌────────────────── Link ──────────────────┐
//	caller ───┤ Admit ─► Conn.Write ── toward ──►        ├─── member
//	       ◄──┤          Conn.Read  ◄─ back ───          │
//	          └──────────── fault points ────────────────┘
package link

import (
	"errors"
	"net"
	"sync"

	"github.com/stormwatch/stormwatch/harness/point"
)

// ErrRefused is returned for a connection that a fault point turned away.
var ErrRefused = errors.New("link: connection refused by a fault point")

// ErrCut is returned on a connection that was cut, by a fault point or by [Link.Cut].
var ErrCut = errors.New("link: connection reset by a fault point")

// Link is one path. Its points are evaluated for each connection (Accept) and for each piece of data in either direction.
type Link struct {
	board        *point.Board
	accept       []point.Path
	toward, back []point.Path

	mu    sync.Mutex
	conns map[*Conn]struct{}
	down  bool
}

// ToClients is the path between a member and its clients.
func ToClients(b *point.Board, cluster, member string) *Link {
	return &Link{
		board:  b,
		accept: []point.Path{point.Of(cluster, member, point.ClientAccept)},
		toward: []point.Path{point.Of(cluster, member, point.ClientRead)},
		back:   []point.Path{point.Of(cluster, member, point.ClientWrite)},
		conns:  map[*Conn]struct{}{},
	}
}

// BetweenPeers is the path of connections that one member opened to another. Each direction passes the sender's point and
// the receiver's.
func BetweenPeers(b *point.Board, cluster, from, to string) *Link {
	return &Link{
		board:  b,
		toward: PeerPoints(cluster, from, to),
		back:   PeerPoints(cluster, to, from),
		conns:  map[*Conn]struct{}{},
	}
}

// Plain is a path without points: it can only be cut, or go down.
func Plain(b *point.Board) *Link { return &Link{board: b, conns: map[*Conn]struct{}{}} }

// PeerPoints are the points that raft traffic from one member to another passes, in order.
func PeerPoints(cluster, from, to string) []point.Path {
	return []point.Path{
		point.Of(cluster, from, point.PeerSend(to)),
		point.Of(cluster, to, point.PeerRecv(from)),
	}
}

// Admit lets a new connection in, or says why not. It blocks while a point holds it, until done is closed.
func (l *Link) Admit(done <-chan struct{}) error {
	l.mu.Lock()
	down := l.down
	l.mu.Unlock()
	if down {
		return ErrRefused
	}
	for _, p := range l.accept {
		switch l.board.Pass(done, p) {
		case point.Drop, point.Refuse:
			return ErrRefused
		case point.Reset:
			return ErrCut
		}
	}
	return nil
}

// Wrap puts an established connection to the member on the link. The caller reads and writes the returned connection, and
// closes it. It fails if the link went down meanwhile, and then closes c.
func (l *Link) Wrap(c net.Conn) (*Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return nil, errors.Join(ErrRefused, c.Close())
	}
	conn := &Conn{Conn: c, link: l, done: make(chan struct{})}
	l.conns[conn] = struct{}{}
	return conn, nil
}

// Open counts the connections on the link.
func (l *Link) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// Cut resets every connection on the link, idle ones too.
func (l *Link) Cut() {
	l.mu.Lock()
	conns := make([]*Conn, 0, len(l.conns))
	for c := range l.conns {
		conns = append(conns, c)
	}
	l.mu.Unlock()
	for _, c := range conns {
		c.cut()
	}
}

// Down cuts every connection and refuses new ones until Up: the member behind the link is gone.
func (l *Link) Down() {
	l.mu.Lock()
	l.down = true
	l.mu.Unlock()
	l.Cut()
}

// Up takes new connections again.
func (l *Link) Up() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}
