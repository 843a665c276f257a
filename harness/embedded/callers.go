package embedded

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver"

	"github.com/stormwatch/stormwatch/harness/link"
)

// serverFrom is the header in which rafthttp names the calling member, by its id.
const serverFrom = "X-Server-From"

// callerLinks are the links to a member from its peers, by the id of the calling peer.
type callerLinks struct {
	mu    sync.Mutex
	links map[types.ID]*link.Link
}

func (c *callerLinks) set(from types.ID, l *link.Link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.links == nil {
		c.links = map[types.ID]*link.Link{}
	}
	c.links[from] = l
}

func (c *callerLinks) from(id types.ID) (*link.Link, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, ok := c.links[id]
	return l, ok
}

func (c *callerLinks) forget(id types.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.links, id)
}

func (c *callerLinks) each(f func(*link.Link)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.links {
		f(l)
	}
}

// callers routes a connection from another member by the caller that its first request names. All requests on a connection have the same
// caller, since every member has its own transports.
func (m *member) callers() route {
	return func(c net.Conn) (*link.Link, net.Conn, error) {
		var head bytes.Buffer
		request, err := http.ReadRequest(bufio.NewReader(io.TeeReader(c, &head)))
		if err != nil {
			return nil, nil, fmt.Errorf("read who calls: %w", err)
		}
		replay := &replayed{Conn: c, head: head.Bytes()}
		id, err := types.IDFromString(request.Header.Get(serverFrom))
		if err != nil {
			return m.anonymousLink, replay, nil
		}
		if l, ok := m.peerLinks.from(id); ok {
			return l, replay, nil
		}
		return m.anonymousLink, replay, nil
	}
}

// replayed is a connection whose first bytes were already read; Read returns them again.
type replayed struct {
	net.Conn
	head []byte
}

func (r *replayed) Read(b []byte) (int, error) {
	if len(r.head) > 0 {
		n := copy(b, r.head)
		r.head = r.head[n:]
		return n, nil
	}
	return r.Conn.Read(b)
}

func (r *replayed) SetLinger(sec int) error { return r.Conn.(*net.TCPConn).SetLinger(sec) }

// callerTransport carries the requests that an etcd server makes to its peers outside rafthttp (leases, versions, promotions). It adds the
// header that names the caller, so that they pass the same link as raft messages. Without it, a member that is cut off from its peers
// could still renew leases through them.
type callerTransport struct {
	from string
	base *http.Transport
}

// nameCaller makes the server's requests to peers name the caller. It registers a callerTransport for the protocol "http" with the
// server's own transport, which may be done at any time.
func nameCaller(s *etcdserver.EtcdServer) (*callerTransport, error) {
	own, err := peerTransport(s)
	if err != nil {
		return nil, err
	}
	l := &callerTransport{from: s.MemberID().String(), base: &http.Transport{}}
	own.RegisterProtocol("http", l)
	return l, nil
}

func (l *callerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(serverFrom, l.from)
	return l.base.RoundTrip(r)
}

func (l *callerTransport) close() { l.base.CloseIdleConnections() }
