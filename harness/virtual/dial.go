package virtual

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/stormwatch/stormwatch/harness/link"
)

// dial connects a client to a member of this cluster through the member's link, as TCP would. The connection is refused while the member
// is down. While a fault point holds new connections, dial blocks until ctx ends.
func (c *cluster) dial(ctx context.Context, address string) (net.Conn, error) {
	m := c.find(func(m *member) bool { return c.clientAddress(m.name) == address })
	if m == nil {
		awaitRefusal(ctx)
		return nil, fmt.Errorf("dial %s: no member of cluster %s has this address", address, c.name)
	}
	if err := m.clients.Admit(ctx.Done()); err != nil {
		awaitRefusal(ctx)
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	r := m.current.Load()
	if r == nil {
		awaitRefusal(ctx)
		return nil, fmt.Errorf("dial %s: %w", address, link.ErrRefused)
	}
	conn, err := r.clients.DialContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	onLink, err := m.clients.Wrap(conn)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	return onLink, nil
}

// awaitRefusal blocks for about as long as a refusal takes over a network. Without it, a caller that tries again at once would never
// wait, and virtual time would stand still.
func awaitRefusal(ctx context.Context) {
	timer := time.NewTimer(time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
