package virtual

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/stormwatch/stormwatch/harness/link"
)

// dial connects a client to a member of this cluster, on the member's link, as TCP would: it is refused while the member is
// down, and waits, until ctx ends, while a point holds new connections.
func (c *cluster) dial(ctx context.Context, address string) (net.Conn, error) {
	m := c.find(func(m *member) bool { return c.clientAddress(m.name) == address })
	if m == nil {
		return nil, fmt.Errorf("dial %s: no member of cluster %s has this address", address, c.name)
	}
	if err := m.clients.Admit(ctx.Done()); err != nil {
		refused(ctx)
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	l := m.alive.Load()
	if l == nil {
		refused(ctx)
		return nil, fmt.Errorf("dial %s: %w", address, link.ErrRefused)
	}
	conn, err := l.clients.DialContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	onLink, err := m.clients.Wrap(conn)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	return onLink, nil
}

// refused takes as long as it takes to be refused over a network. Whoever tries again at once would otherwise keep time from passing.
func refused(ctx context.Context) {
	timer := time.NewTimer(time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
