package etcdtest

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// Network makes the connections of the manager under test to a cluster. It counts them and can cut them.
type Network struct {
	mu    sync.Mutex
	down  bool
	conns map[net.Conn]bool
}

func NewNetwork() *Network { return &Network{conns: make(map[net.Conn]bool)} }

func (n *Network) Dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		_ = conn.Close()
		return nil, fmt.Errorf("network is down")
	}
	counted := &countedConn{Conn: conn, network: n}
	n.conns[counted] = true
	return counted, nil
}

func (n *Network) Cut() {
	n.mu.Lock()
	n.down = true
	open := n.conns
	n.conns = make(map[net.Conn]bool)
	n.mu.Unlock()
	for conn := range open {
		_ = conn.Close()
	}
}

func (n *Network) Restore() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = false
}

func (n *Network) Open() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.conns)
}

type countedConn struct {
	net.Conn
	network *Network
}

func (c *countedConn) Close() error {
	c.network.mu.Lock()
	delete(c.network.conns, c)
	c.network.mu.Unlock()
	return c.Conn.Close()
}
