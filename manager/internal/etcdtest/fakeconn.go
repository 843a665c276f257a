package etcdtest

import (
	"net"
	"sync"
)

// fakeConn is a connection on which a frozen member sends and receives nothing.
type fakeConn struct {
	net.Conn
	member *FakeMember
	closed chan struct{}
	once   sync.Once
}

func (c *fakeConn) thaw() error {
	gate := c.member.frozen.Load()
	if gate == nil {
		return nil
	}
	select {
	case <-*gate:
		return nil
	case <-c.closed:
		return net.ErrClosed
	}
}

func (c *fakeConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if frozen := c.thaw(); frozen != nil {
		return 0, frozen
	}
	return n, err
}

func (c *fakeConn) Write(b []byte) (int, error) {
	if err := c.thaw(); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *fakeConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.member.cluster.mu.Lock()
		delete(c.member.cluster.conns, c)
		c.member.cluster.mu.Unlock()
		c.member.Open.Add(-1)
	})
	return c.Conn.Close()
}
