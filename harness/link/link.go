// Package link puts fault points on byte connections: from clients to a member, or from one member to another. Both engines send their
// connections through it.
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

// ErrRefused is returned for a connection that a fault point refused, or whose member is down.
var ErrRefused = errors.New("link: connection refused by a fault point")

// ErrCut is returned on a connection that was cut, by a fault point or by [Link.Cut].
var ErrCut = errors.New("link: connection reset by a fault point")

// Link is one path. It has points for new connections, and points for the data in either direction. It is safe for concurrent use.
type Link struct {
	board        *point.Board
	accept       []point.Path
	toward, back []point.Path

	mu    sync.Mutex
	conns map[*Conn]struct{}
	down  bool
}

// ToClients makes the link between a member and its clients.
func ToClients(b *point.Board, cluster, member string) *Link {
	return &Link{
		board:  b,
		accept: []point.Path{b.Path(cluster, member, point.ClientAccept)},
		toward: []point.Path{b.Path(cluster, member, point.ClientRead)},
		back:   []point.Path{b.Path(cluster, member, point.ClientWrite)},
		conns:  map[*Conn]struct{}{},
	}
}

// OfManager makes the link between a member and the clients of one manager, by its number. Their connections pass the link of all clients too.
func OfManager(b *point.Board, cluster, member string, manager int) *Link {
	return &Link{
		board:  b,
		accept: []point.Path{b.Path(cluster, member, point.ClientAccept.Of(manager))},
		toward: []point.Path{b.Path(cluster, member, point.ClientRead.Of(manager))},
		back:   []point.Path{b.Path(cluster, member, point.ClientWrite.Of(manager))},
		conns:  map[*Conn]struct{}{},
	}
}

// BetweenPeers makes the link of the connections that one member opens to another. The data of each direction pass the sender's point and
// then the receiver's.
func BetweenPeers(b *point.Board, cluster, from, to string) *Link {
	return &Link{
		board:  b,
		toward: PeerPoints(b, cluster, from, to),
		back:   PeerPoints(b, cluster, to, from),
		conns:  map[*Conn]struct{}{},
	}
}

// Plain makes a link without points: it can only be cut, or go down.
func Plain(b *point.Board) *Link { return &Link{board: b, conns: map[*Conn]struct{}{}} }

// PeerPoints are the points that raft traffic from one member to another passes, in order.
func PeerPoints(b *point.Board, cluster, from, to string) []point.Path {
	return []point.Path{
		b.Path(cluster, from, point.PeerSend(to)),
		b.Path(cluster, to, point.PeerRecv(from)),
	}
}

// Admit evaluates the points for a new connection. It blocks while a point holds the connection, until done is closed. It returns
// [ErrRefused] or [ErrCut] if the connection must not be made.
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

// Wrap puts an established connection to the member on the link. The caller uses the returned connection and closes it. If the link has
// gone down, Wrap closes c and returns an error.
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

// Strand makes every connection on the link half-open: from now on everything that is sent on it is lost, in both directions, and neither side is
// told. New connections work. If one side closes a half-open connection, so does the other, which TCP could not do.
func (l *Link) Strand() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.stranded.Store(true)
		c.lostToward.Store(true)
		c.lostBack.Store(true)
	}
}

// Stranded counts the half-open connections on the link that neither side has closed.
func (l *Link) Stranded() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		if c.stranded.Load() {
			n++
		}
	}
	return n
}

// Down cuts every connection and refuses new ones until Up: the member behind the link is gone.
func (l *Link) Down() {
	l.mu.Lock()
	l.down = true
	l.mu.Unlock()
	l.Cut()
}

// Up undoes Down: the link takes new connections again.
func (l *Link) Up() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}
