package guard

import (
	"context"
	"net"
	"sync"

	"google.golang.org/grpc/credentials"
)

// connections are the open connections of one client, kept so that they can be cut.
type connections struct {
	// From open on, mu guards the fields.
	mu   sync.Mutex
	open map[*trackedConn]bool
	// closed says that every later connection is to be closed at once.
	closed bool
}

// track adds a connection to the set. The connection that it returns removes itself from the set when it is closed.
func (c *connections) track(raw net.Conn) net.Conn {
	conn := &trackedConn{Conn: raw, owner: c}
	c.mu.Lock()
	closed := c.closed
	if !closed {
		if c.open == nil {
			c.open = make(map[*trackedConn]bool)
		}
		c.open[conn] = true
	}
	c.mu.Unlock()
	if closed {
		_ = raw.Close()
	}
	return conn
}

// cut closes all connections, and every connection that is added later.
func (c *connections) cut() {
	c.mu.Lock()
	c.closed = true
	open := c.open
	c.open = nil
	c.mu.Unlock()
	for conn := range open {
		_ = conn.Conn.Close()
	}
}

type trackedConn struct {
	net.Conn
	owner *connections
}

func (c *trackedConn) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.open, c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}

// trackingCredentials track every connection of a client: gRPC gives each to its transport credentials for the handshake,
// also without encryption. A dialer of our own would not be enough, since a dial option of the caller may replace it.
type trackingCredentials struct {
	credentials.TransportCredentials
	connections *connections
}

func (t *trackingCredentials) ClientHandshake(
	ctx context.Context, authority string, raw net.Conn,
) (net.Conn, credentials.AuthInfo, error) {
	conn := t.connections.track(raw)
	secured, info, err := t.TransportCredentials.ClientHandshake(ctx, authority, conn)
	if err != nil {
		// gRPC closes only the raw connection, which would leave the tracked one in the set.
		_ = conn.Close()
	}
	return secured, info, err
}

func (t *trackingCredentials) Clone() credentials.TransportCredentials {
	return &trackingCredentials{TransportCredentials: t.TransportCredentials.Clone(), connections: t.connections}
}
